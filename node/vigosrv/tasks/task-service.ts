import type { Level } from 'level'
import type { SecretSource } from '#config/secrets'
import type { Audit } from '#node/audit'
import { type Clock, type Logger, TaskGroup } from '#node/kit'
import type { FleetView, TaskChannel } from '../fleet/types.ts'
import type { Policy } from '../policy/types.ts'
import { TaskError } from './errors.ts'
import { askHealth } from './health-check.ts'
import type { HostRun } from './host-run.ts'
import { namedTasks } from './named-tasks.ts'
import { orderOf, type Prepared, prepare } from './prepare.ts'
import { newId } from './task-id.ts'
import { TaskRun, type TaskRunListener } from './task-run.ts'
import { TaskStore } from './task-store.ts'
import type {
  NamedTask,
  TaskCaller,
  TaskHost,
  TaskPlan,
  TaskProgress,
  TaskRequest,
  TaskRow,
  TasksControl,
  TasksView,
  WorkflowRow,
} from './types.ts'
import { Watcher } from './watchers.ts'
import { Workflows } from './workflows.ts'

const MAX_ACTIVE = 20
const KEPT_RUNS = 500
const KEPT_MS = 30 * 86_400_000
const HEALTH_TIMEOUT_MS = 60_000
const MAX_LISTED = 500
/** How long a server that stops waits for envoys to say that they have cancelled. */
const CLOSE_WAIT_MS = 2_000

export interface TasksOptions {
  readonly db: Level
  readonly clock: Clock
  readonly logger: Logger
  readonly audit: Audit
  readonly policy: Pick<Policy, 'store'>
  readonly fleet: Pick<FleetView, 'rows' | 'traits' | 'bundle'>
  readonly channel: TaskChannel
  readonly secrets: Pick<SecretSource, 'resolve'>
  /** Called when a run or one of its hosts has changed. */
  readonly onChange?: (id: string) => void
  readonly healthTimeoutMs?: number
  /** How long an envoy may take beyond a host's time. */
  readonly graceMs?: number
}

export interface Tasks extends TasksView, TasksControl {
  /** Aborts what runs and waits until it is stored. */
  close(): Promise<void>
}

interface Active {
  readonly run: TaskRun
  readonly watchers: Set<Watcher>
  /** Hosts that have changed since they were stored. */
  readonly unsaved: Map<string, HostRun>
}

/** Opens the history, and ends in it what a server that was killed left running. */
export async function createTasks(options: TasksOptions): Promise<Tasks> {
  const service = new TaskService(options)
  await service.recover()
  return service
}

class TaskService implements Tasks, TaskRunListener {
  readonly #options: TasksOptions
  readonly #store: TaskStore
  readonly #active = new Map<string, Active>()
  readonly #background: TaskGroup
  readonly #unlisten: () => void
  readonly #workflows: Workflows
  /** Of rows, one after the other, so that an older state never overtakes a newer one. */
  #saving: Promise<void> = Promise.resolve()
  #starting = 0
  #isClosed = false

  constructor(options: TasksOptions) {
    this.#options = options
    this.#store = new TaskStore(options.db)
    this.#background = new TaskGroup(error => options.logger.error('task-not-stored', { error }))
    this.#unlisten = options.channel.onTask((peer, event) => this.#active.get(event.task)?.run.hear(peer, event))
    const { policy, clock, audit } = options
    this.#workflows = new Workflows({
      tasks: this,
      store: this.#store,
      policy,
      clock,
      audit,
      background: this.#background,
    })
  }

  async recover(): Promise<void> {
    const now = this.#options.clock.now()
    for (const row of await this.#store.tasks({ limit: KEPT_RUNS })) {
      if (row.state !== 'running') continue
      const open = row.hosts.filter(({ state }) => state === 'running' || state === 'waiting')
      const { hosts: _hosts, ...head } = row
      await this.#store.putHosts(row.id, open.map(stopped))
      const reason = 'the server was stopped while it ran'
      await this.#store.putTask({ ...head, state: 'aborted', reason, endedAt: now })
    }
    await this.#workflows.recover()
    await this.#store.prune({ before: now - KEPT_MS, keep: KEPT_RUNS })
  }

  async list({ limit }: { limit: number }): Promise<readonly TaskRow[]> {
    const rows = await this.#store.tasks({ limit: Math.min(limit, MAX_LISTED) })
    return rows.map(row => this.#active.get(row.id)?.run.row({ withOutput: false }) ?? row)
  }

  async get(id: string): Promise<TaskRow | null> {
    return this.#active.get(id)?.run.row({ withOutput: true }) ?? (await this.#store.task(id))
  }

  async *watch(id: string, options: { signal?: AbortSignal | undefined } = {}): AsyncGenerator<TaskProgress> {
    const active = this.#active.get(id)
    if (active === undefined) {
      const row = await this.#store.task(id)
      if (row === null) throw unknownRun(id)
      yield { type: 'task', task: { ...row, hosts: row.hosts.map(host => ({ ...host, output: '' })) } }
      return
    }
    const watcher = new Watcher()
    watcher.push({ type: 'task', task: active.run.row({ withOutput: false }) })
    for (const { peer, hostname, output } of active.run.row({ withOutput: true }).hosts) {
      if (output !== '') watcher.push({ type: 'output', peer, hostname, stream: 'stdout', text: output })
    }
    active.watchers.add(watcher)
    try {
      yield* watcher.read(options.signal)
    } finally {
      active.watchers.delete(watcher)
    }
  }

  named(): readonly NamedTask[] {
    return namedTasks(this.#options.policy.store)
  }

  async workflows({ limit }: { limit: number }): Promise<readonly WorkflowRow[]> {
    return await this.#store.workflows({ limit: Math.min(limit, MAX_LISTED) })
  }

  async workflow(id: string): Promise<WorkflowRow | null> {
    return await this.#store.workflow(id)
  }

  async plan(request: TaskRequest, options: { signal?: AbortSignal | undefined } = {}): Promise<TaskPlan> {
    const prepared = await prepare(request, this.#options)
    // A secret that is missing is found before anything is run.
    await orderOf(prepared, this.#options, options)
    return prepared.plan
  }

  async run(
    request: TaskRequest,
    caller: TaskCaller,
    options: { signal?: AbortSignal | undefined } = {},
  ): Promise<TaskRow> {
    const prepared = await prepare(request, this.#options)
    await this.#refuseDanger(prepared.plan, request.force === true, caller)
    if (this.#active.size + this.#starting >= MAX_ACTIVE) {
      throw new TaskError('too-many-tasks', `${MAX_ACTIVE} tasks are running; wait for one of them, or cancel it`)
    }
    this.#starting++
    try {
      return await this.#dispatch(prepared, request.force === true, caller, options.signal)
    } finally {
      this.#starting--
    }
  }

  async abort(id: string, caller: TaskCaller): Promise<void> {
    const active = this.#active.get(id)
    if (active === undefined) {
      if ((await this.#store.task(id)) === null) throw unknownRun(id)
      throw new TaskError('already-ended', `the task '${id}' has ended already`)
    }
    await this.#record(caller, 'task.abort', id, {})
    active.run.abort(`cancelled by ${caller.name}`)
  }

  async runWorkflow(
    name: string,
    request: { target?: string; force?: boolean },
    caller: TaskCaller,
  ): Promise<WorkflowRow> {
    return await this.#workflows.run(name, request, caller)
  }

  async abortWorkflow(id: string, caller: TaskCaller): Promise<void> {
    await this.#workflows.abort(id, caller)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#workflows.close()
    for (const { run } of this.#active.values()) run.abort('the server was stopped', CLOSE_WAIT_MS)
    await this.#background.settled()
    await this.#saving
    this.#unlisten()
  }

  onRun(run: TaskRun): void {
    const head = run.head()
    this.#tell(run.id, () => ({ type: 'task', task: run.row({ withOutput: false }) }))
    this.#save(async () => await this.#store.putTask(head))
    this.#options.onChange?.(run.id)
  }

  onHost(run: TaskRun, host: HostRun): void {
    this.#tell(run.id, () => ({ type: 'host', host: host.row({ withOutput: false }) }))
    this.#options.onChange?.(run.id)
    const active = this.#active.get(run.id)
    if (active === undefined) return
    active.unsaved.set(host.peer, host)
    // One write for all hosts that change before it begins.
    if (active.unsaved.size === 1) this.#save(async () => await this.#saveHosts(run.id, active))
  }

  onOutput(run: TaskRun, { peer, hostname }: HostRun, stream: 'stdout' | 'stderr', text: string): void {
    this.#tell(run.id, () => ({ type: 'output', peer, hostname, stream, text }))
  }

  async #refuseDanger(plan: TaskPlan, isForced: boolean, caller: TaskCaller): Promise<void> {
    if (plan.danger === null || isForced) return
    const details = { command: plan.command, why: plan.danger }
    await this.#options.audit.append({
      actor: caller.name,
      via: caller.via,
      action: 'task.blocked',
      target: plan.target,
      outcome: 'refused',
      details,
    })
    throw new TaskError(
      'dangerous',
      `not run, because ${plan.danger}: ${plan.command.slice(0, 200)}; if that is meant, say --force`,
      {
        context: { danger: plan.danger },
      },
    )
  }

  async #dispatch(
    prepared: Prepared,
    isForced: boolean,
    caller: TaskCaller,
    signal: AbortSignal | undefined,
  ): Promise<TaskRow> {
    const { plan } = prepared
    const order = await orderOf(prepared, this.#options, { signal })
    const id = newId(this.#options.clock.now())
    const hosts = plan.batches.flat().length
    await this.#record(caller, 'task.dispatch', plan.target, {
      id,
      command: plan.command,
      ...(plan.name === null ? {} : { task: plan.name }),
      hosts,
      batches: plan.batches.length,
      forced: isForced && plan.danger !== null,
    })
    const { channel, clock, graceMs, healthTimeoutMs = HEALTH_TIMEOUT_MS } = this.#options
    const { healthCheck } = plan
    const run = new TaskRun({
      id,
      plan,
      by: caller.name,
      ...order,
      channel,
      clock,
      askHealth: async stop =>
        healthCheck === null ? null : await askHealth({ check: healthCheck, timeoutMs: healthTimeoutMs, signal: stop }),
      listener: this,
      ...(graceMs === undefined ? {} : { graceMs }),
    })
    // What a server that is killed now leaves behind is found by the next one.
    await this.#store.putHosts(id, run.hosts({ withOutput: false }))
    await this.#store.putTask(run.head())
    if (this.#isClosed) throw new TaskError('too-many-tasks', 'the server is stopping; try again in a moment')
    const active: Active = { run, watchers: new Set(), unsaved: new Map() }
    this.#active.set(id, active)
    this.#background.run(async () => await this.#follow(active))
    run.start()
    return run.row({ withOutput: false })
  }

  async #follow({ run, watchers }: Active): Promise<void> {
    try {
      await run.ended
      await this.#saving
    } finally {
      this.#active.delete(run.id)
      for (const watcher of watchers) watcher.end()
      this.#options.onChange?.(run.id)
    }
    await this.#store.prune({ before: this.#options.clock.now() - KEPT_MS, keep: KEPT_RUNS })
  }

  async #saveHosts(id: string, { unsaved }: Active): Promise<void> {
    const hosts = [...unsaved.values()]
    unsaved.clear()
    await this.#store.putHosts(
      id,
      hosts.map(host => host.row({ withOutput: host.isOver })),
    )
  }

  #tell(id: string, progress: () => TaskProgress): void {
    const watchers = this.#active.get(id)?.watchers
    if (watchers === undefined || watchers.size === 0) return
    const told = progress()
    for (const watcher of watchers) watcher.push(told)
  }

  /** Failing to write history stops no run; it is said once for each write. */
  #save(write: () => Promise<void>): void {
    this.#saving = this.#saving.then(write).catch((error: unknown) => {
      this.#options.logger.error('task-not-stored', { error }, 'the history of tasks has a gap')
    })
  }

  async #record(
    { name, via }: TaskCaller,
    action: string,
    target: string,
    details: Readonly<Record<string, string | number | boolean>>,
  ): Promise<void> {
    await this.#options.audit.append({ actor: name, via, action, target, outcome: 'done', details })
  }
}

function stopped(host: TaskHost): TaskHost {
  if (host.state === 'waiting') return { ...host, state: 'skipped' }
  const problem = 'the server was stopped while it ran; whether it has ended is not known'
  return { ...host, state: 'unreachable', problem }
}

function unknownRun(id: string): TaskError {
  return new TaskError('unknown-run', `no task '${id.slice(0, 64)}' was run here; see vigocli task list`)
}
