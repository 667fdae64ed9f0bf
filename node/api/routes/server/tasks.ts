import { type Static, Type } from '@sinclair/typebox'
import { route } from '../../contract.ts'
import { Count, Empty, Fields, Hex32, Limit, NoFields, OrNull, Time } from '../forms.ts'

const literals = <T extends string>(...values: readonly T[]) => Type.Union(values.map(value => Type.Literal(value)))

const TaskState = literals('running', 'succeeded', 'failed', 'aborted')

export const TaskHost = Type.Object({
  peer: Hex32,
  hostname: Type.String(),
  batch: Count,
  state: literals(
    'waiting',
    'running',
    'succeeded',
    'failed',
    'timed-out',
    'refused',
    'unreachable',
    'skipped',
    'cancelled',
  ),
  exitCode: OrNull(Type.Integer()),
  problem: Type.String(),
  output: Type.String(),
  durationMs: Count,
})
export type TaskHost = Static<typeof TaskHost>

export const TaskRow = Type.Object({
  id: Type.String(),
  name: OrNull(Type.String()),
  command: Type.String(),
  target: Type.String(),
  by: Type.String(),
  state: TaskState,
  reason: Type.String(),
  startedAt: Time,
  endedAt: OrNull(Time),
  batches: Count,
  batch: Count,
  hosts: Type.Array(TaskHost),
})
export type TaskRow = Static<typeof TaskRow>

export const TaskPlan = Type.Object({
  name: OrNull(Type.String()),
  command: Type.String(),
  target: Type.String(),
  batches: Type.Array(Type.Array(Type.Object({ peer: Hex32, hostname: Type.String(), isConnected: Type.Boolean() }))),
  maxFailures: Count,
  timeoutMs: Count,
  healthCheck: OrNull(Type.String()),
  nice: Count,
  danger: OrNull(Type.String()),
})
export type TaskPlan = Static<typeof TaskPlan>

export const TaskProgress = Type.Union([
  Type.Object({ type: Type.Literal('task'), task: TaskRow }),
  Type.Object({ type: Type.Literal('host'), host: TaskHost }),
  Type.Object({
    type: Type.Literal('output'),
    peer: Hex32,
    hostname: Type.String(),
    stream: literals('stdout', 'stderr'),
    text: Type.String(),
  }),
  Type.Object({ type: Type.Literal('gap'), pieces: Count }),
])
export type TaskProgress = Static<typeof TaskProgress>

export const WorkflowRow = Type.Object({
  id: Type.String(),
  name: Type.String(),
  by: Type.String(),
  state: TaskState,
  reason: Type.String(),
  startedAt: Time,
  endedAt: OrNull(Time),
  steps: Type.Array(
    Type.Object({
      name: Type.String(),
      task: OrNull(Type.String()),
      state: Type.Union([TaskState, Type.Literal('waiting'), Type.Literal('skipped')]),
      reason: Type.String(),
    }),
  ),
})
export type WorkflowRow = Static<typeof WorkflowRow>

const Id = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' })
const Share = (unit: string) =>
  Type.Union([Type.Integer({ minimum: 0, maximum: 1_000_000 }), Type.String({ pattern: '^[0-9]{1,7}%?$' })], {
    description: `a number or percentage of ${unit}`,
  })
const Command = Type.String({ minLength: 1, maxLength: 65_536 })
const Target = Type.String({
  minLength: 1,
  maxLength: 4096,
  description: 'host names, patterns, public keys or path=value of traits, separated by commas; - excludes',
})

/** Commands on many envoys. */
export const taskRoutes = {
  runTask: route({
    method: 'POST',
    path: '/api/v1/task',
    summary: 'Run a command, or a task of the live release, on envoys; with dryRun only say what that would be',
    caller: 'operator',
    body: Fields({
      command: Type.Optional(Command),
      taskName: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
      target: Type.Optional(Target),
      operator: Type.Optional(
        Type.String({
          maxLength: 64,
          description: 'noted beside the name of the caller, for programs that act for people',
        }),
      ),
      timeout: Type.Optional(
        Type.Integer({ minimum: 1, maximum: 86_400, description: 'seconds that one host may take; 60 when left out' }),
      ),
      nice: Type.Optional(Type.Integer({ minimum: 0, maximum: 19 })),
      batchSize: Type.Optional(Share('the targets')),
      maxFailures: Type.Optional(Share('the targets')),
      healthCheck: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 4096,
          description: 'after each batch: a command on the server, or an http(s) URL that must answer with 2xx',
        }),
      ),
      healthCheckUrl: Type.Optional(Type.String({ pattern: '^https?://', maxLength: 4096 })),
      dryRun: Type.Optional(Type.Boolean()),
      params: Type.Optional(Type.Record(Type.String({ maxLength: 128 }), Type.String({ maxLength: 65_536 }))),
      force: Type.Optional(Type.Boolean({ description: 'also when the command looks dangerous' })),
    }),
    reply: Type.Union([
      Type.Object({ task: TaskRow, plan: Type.Null() }),
      Type.Object({ task: Type.Null(), plan: TaskPlan }),
    ]),
  }),
  tasks: route({
    method: 'GET',
    path: '/api/v1/tasks',
    summary: 'Tasks that were run, the newest first, without the output of hosts',
    caller: 'viewer',
    body: Fields({ limit: Type.Optional(Limit(500)) }),
    reply: Type.Object({ tasks: Type.Array(TaskRow) }),
  }),
  task: route({
    method: 'GET',
    path: '/api/v1/tasks/:task',
    summary: 'One task with the end of each host’s output',
    caller: 'viewer',
    body: Fields({ task: Id }),
    reply: TaskRow,
  }),
  taskOutput: route({
    method: 'GET',
    path: '/api/v1/tasks/:task/output',
    summary: 'A task as it runs, until it ends',
    caller: 'viewer',
    body: Fields({ task: Id }),
    event: TaskProgress,
    reply: TaskRow,
  }),
  cancelTask: route({
    method: 'POST',
    path: '/api/v1/tasks/:task/cancel',
    summary: 'Cancel what runs of a task and start nothing more of it',
    caller: 'operator',
    body: Fields({ task: Id }),
    reply: Empty,
  }),
  namedTasks: route({
    method: 'GET',
    path: '/api/v1/config/tasks',
    summary: 'Tasks that the live release declares',
    caller: 'viewer',
    body: NoFields,
    reply: Type.Object({
      tasks: Type.Array(
        Type.Object({
          name: Type.String(),
          description: Type.String(),
          params: Type.Array(
            Type.Object({ name: Type.String(), description: Type.String(), required: Type.Boolean() }),
          ),
        }),
      ),
    }),
  }),
  runWorkflow: route({
    method: 'POST',
    path: '/api/v1/workflow',
    summary: 'Run a workflow of the live release',
    caller: 'operator',
    body: Fields({
      name: Type.String({ minLength: 1, maxLength: 128 }),
      target: Type.Optional(Target),
      force: Type.Optional(Type.Boolean()),
    }),
    reply: WorkflowRow,
  }),
  workflows: route({
    method: 'GET',
    path: '/api/v1/workflows',
    summary: 'Workflows that were run, the newest first',
    caller: 'viewer',
    body: Fields({ limit: Type.Optional(Limit(500)) }),
    reply: Type.Object({ workflows: Type.Array(WorkflowRow) }),
  }),
  workflow: route({
    method: 'GET',
    path: '/api/v1/workflows/:workflow',
    summary: 'One workflow with its steps',
    caller: 'viewer',
    body: Fields({ workflow: Id }),
    reply: WorkflowRow,
  }),
  cancelWorkflow: route({
    method: 'POST',
    path: '/api/v1/workflows/:workflow/cancel',
    summary: 'Cancel the step of a workflow that runs, and start no other',
    caller: 'operator',
    body: Fields({ workflow: Id }),
    reply: Empty,
  }),
}
