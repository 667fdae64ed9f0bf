import { isTemplated, plainOf, type WorkflowDeclaration, type WorkflowStep } from '#config/lang'
import type { Audit } from '#node/audit'
import type { Clock, TaskGroup } from '#node/kit'
import type { Policy } from '../policy/types.ts'
import { TaskError } from './errors.ts'
import { fillIn, plainParameters } from './parameters.ts'
import { newId } from './task-id.ts'
import type { TaskStore } from './task-store.ts'
import type {
  TaskCaller,
  TaskRequest,
  TaskRow,
  TasksControl,
  TasksView,
  WorkflowRow,
  WorkflowStepRow,
} from './types.ts'

export interface WorkflowsOptions {
  readonly tasks: Pick<TasksView & TasksControl, 'plan' | 'run' | 'abort' | 'watch' | 'get'>
  readonly store: TaskStore
  readonly policy: Pick<Policy, 'store'>
  readonly clock: Clock
  readonly audit: Audit
  readonly background: TaskGroup
}

const KEPT = 500
const MAX_ACTIVE = 20

/** One run of a workflow, and how to end it. */
interface Active {
  row: WorkflowRow
  task: string | null
  abortedBy: TaskCaller | null
}

/** Steps of a workflow one after the other, each a task of its own. */
export class Workflows {
  readonly #options: WorkflowsOptions
  readonly #active = new Map<string, Active>()

  constructor(options: WorkflowsOptions) {
    this.#options = options
  }

  async recover(): Promise<void> {
    const { store, clock } = this.#options
    for (const row of await store.workflows({ limit: KEPT })) {
      if (row.state !== 'running') continue
      const reason = 'the server was stopped while it ran'
      const steps = row.steps.map(step =>
        step.state === 'running' ? { ...step, state: 'aborted' as const, reason } : skippedIfWaiting(step),
      )
      await store.putWorkflow({ ...row, state: 'aborted', reason, endedAt: clock.now(), steps })
    }
  }

  async run(name: string, overrides: { target?: string; force?: boolean }, caller: TaskCaller): Promise<WorkflowRow> {
    const { policy, tasks, clock, audit, background } = this.#options
    const declared = policy.store?.workflows.get(name)
    if (declared === undefined) {
      const known = [...(policy.store?.workflows.keys() ?? [])].toSorted().slice(0, 20).join(', ')
      const has = known === '' ? 'it has none' : `it has ${known}`
      throw new TaskError('unknown-task', `the live release has no workflow '${name.slice(0, 100)}'; ${has}`)
    }
    if (this.#active.size >= MAX_ACTIVE) {
      throw new TaskError('too-many-tasks', `${MAX_ACTIVE} workflows are running; wait for one of them, or cancel it`)
    }
    const requests = declared.steps.map(step => requestOf(step, overrides))
    // All of it is known to be possible before the first step changes anything.
    for (const [at, request] of requests.entries()) await this.#check(declared, at, request, tasks)
    const startedAt = clock.now()
    const row: WorkflowRow = {
      id: newId(startedAt),
      name,
      by: caller.name,
      state: 'running',
      reason: '',
      startedAt,
      endedAt: null,
      steps: declared.steps.map(step => ({ name: step.name.value, task: null, state: 'waiting', reason: '' })),
    }
    await audit.append({
      actor: caller.name,
      via: caller.via,
      action: 'workflow.execute',
      target: name,
      outcome: 'done',
      details: { id: row.id, steps: row.steps.length },
    })
    const active: Active = { row, task: null, abortedBy: null }
    await this.#options.store.putWorkflow(row)
    this.#active.set(row.id, active)
    background.run(async () => await this.#follow(active, declared, requests, caller))
    return row
  }

  async abort(id: string, caller: TaskCaller): Promise<void> {
    const active = this.#active.get(id)
    if (active === undefined) {
      const row = await this.#options.store.workflow(id)
      if (row === null) throw new TaskError('unknown-run', `no workflow '${id.slice(0, 64)}' was run here`)
      throw new TaskError('already-ended', `the workflow '${id}' has ended already`)
    }
    active.abortedBy = caller
    if (active.task !== null) await this.#options.tasks.abort(active.task, caller).catch(ignoreEnded)
  }

  /** Starts no step any more. */
  close(): void {
    for (const active of this.#active.values())
      active.abortedBy ??= { name: 'the server, which was stopped', via: 'system' }
  }

  async #check(
    { steps }: WorkflowDeclaration,
    at: number,
    request: TaskRequest,
    tasks: WorkflowsOptions['tasks'],
  ): Promise<void> {
    const name = steps[at]?.name.value ?? ''
    try {
      const { danger } = await tasks.plan(request)
      if (danger !== null && request.force !== true)
        throw new TaskError('dangerous', `${danger}; if that is meant, say --force`)
    } catch (error) {
      if (error instanceof TaskError)
        throw new TaskError(error.code, `step '${name}': ${error.message}`, { cause: error })
      throw error
    }
  }

  async #follow(
    active: Active,
    { steps }: WorkflowDeclaration,
    requests: readonly TaskRequest[],
    caller: TaskCaller,
  ): Promise<void> {
    let failed = ''
    try {
      for (const [at, step] of steps.entries()) {
        if (active.abortedBy !== null) break
        const ended = await this.#step(active, at, requests[at]!, caller)
        if (ended.state === 'succeeded') continue
        failed ||= `step '${step.name.value}': ${ended.reason}`
        if (step.onFailure === 'stop' || ended.state === 'aborted') break
      }
    } finally {
      this.#active.delete(active.row.id)
      await this.#end(active, failed)
    }
  }

  async #step(
    active: Active,
    at: number,
    request: TaskRequest,
    caller: TaskCaller,
  ): Promise<Pick<TaskRow, 'state' | 'reason'>> {
    const { tasks } = this.#options
    try {
      const { id } = await tasks.run(request, caller)
      active.task = id
      await this.#mark(active, at, { task: id, state: 'running' })
      // Aborted between the two lines above.
      if (active.abortedBy !== null) await tasks.abort(id, active.abortedBy).catch(ignoreEnded)
      for await (const _progress of tasks.watch(id)) void _progress
      const { state, reason } = (await tasks.get(id)) ?? { state: 'failed' as const, reason: 'its history is gone' }
      await this.#mark(active, at, { state, reason })
      return { state, reason }
    } catch (error) {
      if (!(error instanceof TaskError)) throw error
      await this.#mark(active, at, { state: 'failed', reason: error.message })
      return { state: 'failed', reason: error.message }
    } finally {
      active.task = null
    }
  }

  async #mark(active: Active, at: number, change: Partial<WorkflowStepRow>): Promise<void> {
    const steps = active.row.steps.map((step, index) => (index === at ? { ...step, ...change } : step))
    active.row = { ...active.row, steps }
    await this.#options.store.putWorkflow(active.row)
  }

  async #end({ row, abortedBy }: Active, failed: string): Promise<void> {
    const state = abortedBy !== null ? 'aborted' : failed === '' ? 'succeeded' : 'failed'
    const reason = abortedBy !== null ? `cancelled by ${abortedBy.name}` : failed
    const steps = row.steps.map(skippedIfWaiting)
    await this.#options.store.putWorkflow({ ...row, state, reason, endedAt: this.#options.clock.now(), steps })
  }
}

function requestOf(step: WorkflowStep, overrides: { target?: string; force?: boolean }): TaskRequest {
  const target = overrides.target ?? step.target?.value
  const params = paramsOf(step)
  return {
    ...(step.task === undefined ? {} : { task: step.task.value, params }),
    ...(step.command === undefined ? {} : { command: fillInStep(step.name.value, step.command.value, params) }),
    ...(target === undefined ? {} : { target }),
    ...(overrides.force === true ? { force: true } : {}),
  }
}

function paramsOf({ name, params }: WorkflowStep): Record<string, string> {
  const given = Array.from(params, ([param, { value }]) => {
    if (isTemplated(value)) {
      throw new TaskError(
        'bad-request',
        `the parameter '${param}' of step '${name.value}' is a template; write its value`,
      )
    }
    const plain = plainOf(value)
    return [param, typeof plain === 'string' ? plain : JSON.stringify(plain)] as const
  })
  return Object.fromEntries(given)
}

/** The command of a step is stored as it is run. */
function fillInStep(step: string, command: string, params: Readonly<Record<string, string>>): string {
  const parameters = plainParameters(params)
  const secret = [...parameters].find(([, { kind }]) => kind !== 'plain')?.[0]
  if (secret === undefined) return fillIn(command, parameters, new Map())
  throw new TaskError(
    'bad-request',
    `the parameter '${secret}' of step '${step}' is a secret, and a command of a workflow is shown as it is; make it a task`,
  )
}

function skippedIfWaiting(step: WorkflowStepRow): WorkflowStepRow {
  return step.state === 'waiting' ? { ...step, state: 'skipped' } : step
}

function ignoreEnded(error: unknown): void {
  if (!(error instanceof TaskError)) throw error
}
