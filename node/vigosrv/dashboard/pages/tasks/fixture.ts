import { type Clock, sha256Hex } from '#node/kit'
import type { TaskProgress, TaskRow, TasksControl, TasksView } from '../../../tasks/types.ts'
import type { FakeFleet } from '../envoys/fixture.ts'

const HOUR = 3_600_000

export class FakeTasks implements TasksView, TasksControl {
  readonly rows: TaskRow[] = []
  aborted: string[] = []
  readonly #fleet: FakeFleet
  #said: (text: string) => void = () => undefined

  constructor(fleet: FakeFleet) {
    this.#fleet = fleet
  }

  set(row: TaskRow): void {
    const at = this.rows.findIndex(({ id }) => id === row.id)
    if (at < 0) this.rows.unshift(row)
    else this.rows[at] = row
    this.#fleet.tell({ type: 'task', id: row.id })
  }

  list = async ({ limit }: { limit: number }): Promise<readonly TaskRow[]> => this.rows.slice(0, limit)
  get = async (id: string): Promise<TaskRow | null> => this.rows.find(row => row.id === id) ?? null
  abort = async (id: string): Promise<void> => void this.aborted.push(id)
  named = () => []
  workflows = async () => []
  workflow = async () => null
  /** Tells of output only. */
  async *watch(id: string, { signal }: { signal?: AbortSignal | undefined } = {}): AsyncGenerator<TaskProgress> {
    while (signal?.aborted !== true) {
      const { promise, resolve } = Promise.withResolvers<string>()
      this.#said = resolve
      signal?.addEventListener('abort', () => resolve(''), { once: true })
      const text = await promise
      if (text !== '') yield { type: 'output', peer: id, hostname: id, stream: 'stdout', text }
    }
  }

  /** A host of a running task prints something, which no event tells of. */
  say(row: TaskRow, text: string): void {
    this.rows[this.rows.findIndex(({ id }) => id === row.id)] = row
    this.#said(text)
  }

  plan = unused
  run = unused
  runWorkflow = unused
  abortWorkflow = unused
}

function unused(): never {
  throw new Error('pages do not ask this')
}

/** One that ended well, and one that is running. */
export function addTasks(tasks: FakeTasks, clock: Clock, hosts: readonly string[]): void {
  const base = { by: 'anna', reason: '', name: null, batches: 1, batch: 1 }
  const host = (hostname: string) => ({
    peer: sha256Hex(hostname),
    hostname,
    batch: 1,
    exitCode: 0,
    problem: '',
    durationMs: 840,
  })
  tasks.set({
    ...base,
    id: 'b3f1c2d4e5a60718',
    command: 'uptime',
    target: 'web*',
    state: 'succeeded',
    startedAt: clock.now() - 3 * HOUR,
    endedAt: clock.now() - 3 * HOUR + 4_200,
    hosts: hosts.map(name => ({
      ...host(name),
      state: 'succeeded' as const,
      output: ' 14:02:11 up 21 days,  3:12,  0 users,  load average: 0.08, 0.03, 0.01\n',
    })),
  })
  tasks.set({
    ...base,
    id: '9c0de5aa71b2f364',
    name: 'restart-nginx',
    command: 'systemctl restart nginx && curl -sf http://127.0.0.1:8080/health',
    target: 'web*,-web09*',
    state: 'running',
    startedAt: clock.now() - 23_000,
    endedAt: null,
    batches: 5,
    batch: 2,
    hosts: hosts.slice(0, 15).map((name, at) => ({
      ...host(name),
      batch: Math.floor(at / 3) + 1,
      state:
        at < 4
          ? ('succeeded' as const)
          : at === 4
            ? ('failed' as const)
            : at === 5
              ? ('running' as const)
              : ('waiting' as const),
      exitCode: at < 4 ? 0 : at === 4 ? 22 : null,
      problem: at === 4 ? 'exited with 22' : '',
      output: at < 4 ? 'ok\n' : at === 4 ? 'curl: (22) The requested URL returned error: 503\n' : '',
      durationMs: at <= 4 ? 2100 + at * 130 : 0,
    })),
  })
}
