import type { Level } from 'level'
import type { TaskHost, TaskRow, WorkflowRow } from './types.ts'

/** A row without its hosts, which have rows of their own. */
export type TaskHead = Omit<TaskRow, 'hosts'>

/**
 * What was run, in the server's database. Ids begin with the time, so that they sort by it; the outputs are apart from the hosts, because
 * lists do not show them. Writes survive the process; of a machine that loses power the last moments may be missing.
 */
export class TaskStore {
  readonly #heads
  readonly #hosts
  readonly #outputs
  readonly #workflows

  constructor(db: Level) {
    this.#heads = db.sublevel<string, TaskHead>('task-runs', { valueEncoding: 'json' })
    this.#hosts = db.sublevel<string, TaskHost>('task-hosts', { valueEncoding: 'json' })
    this.#outputs = db.sublevel<string, string>('task-outputs', { valueEncoding: 'utf8' })
    this.#workflows = db.sublevel<string, WorkflowRow>('task-workflows', { valueEncoding: 'json' })
  }

  async putTask(head: TaskHead): Promise<void> {
    await this.#heads.put(head.id, head)
  }

  async putHosts(id: string, hosts: readonly TaskHost[]): Promise<void> {
    const outputs = hosts.filter(({ output }) => output !== '')
    await this.#hosts.batch(
      hosts.map(host => ({ type: 'put', key: `${id}!${host.peer}`, value: { ...host, output: '' } })),
    )
    await this.#outputs.batch(outputs.map(({ peer, output }) => ({ type: 'put', key: `${id}!${peer}`, value: output })))
  }

  async task(id: string): Promise<TaskRow | null> {
    const head = await this.#heads.get(id)
    if (head === undefined) return null
    const hosts = await this.#hostsOf(id)
    const outputs = await this.#outputs.getMany(hosts.map(({ peer }) => `${id}!${peer}`))
    return { ...head, hosts: hosts.map((host, at) => ({ ...host, output: outputs[at] ?? '' })) }
  }

  /** The newest first, hosts without their output. */
  async tasks(options: { limit: number }): Promise<TaskRow[]> {
    const heads = await this.#heads.values({ reverse: true, limit: options.limit }).all()
    return await Promise.all(heads.map(async head => ({ ...head, hosts: await this.#hostsOf(head.id) })))
  }

  async putWorkflow(row: WorkflowRow): Promise<void> {
    await this.#workflows.put(row.id, row)
  }

  async workflow(id: string): Promise<WorkflowRow | null> {
    return (await this.#workflows.get(id)) ?? null
  }

  async workflows(options: { limit: number }): Promise<WorkflowRow[]> {
    return await this.#workflows.values({ reverse: true, limit: options.limit }).all()
  }

  /** Forgets what began before `before`, and of the rest all but the newest `keep`. */
  async prune(options: { before: number; keep: number }): Promise<void> {
    const { before, keep } = options
    let kept = 0
    for await (const [id, { startedAt }] of this.#heads.iterator({ reverse: true })) {
      if (startedAt >= before && ++kept <= keep) continue
      await this.#heads.del(id)
      await this.#hosts.clear(range(id))
      await this.#outputs.clear(range(id))
    }
    kept = 0
    for await (const [id, { startedAt }] of this.#workflows.iterator({ reverse: true })) {
      if (startedAt < before || ++kept > keep) await this.#workflows.del(id)
    }
  }

  async #hostsOf(id: string): Promise<TaskHost[]> {
    const hosts = await this.#hosts.values(range(id)).all()
    return hosts.toSorted((a, b) => a.batch - b.batch || (a.hostname < b.hostname ? -1 : 1))
  }
}

function range(id: string): { gt: string; lt: string } {
  return { gt: `${id}!`, lt: `${id}"` }
}
