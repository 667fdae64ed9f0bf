import { ApiError, type BodyOf, type taskRoutes } from '#node/api'
import type { Handlers } from '#node/api/server'
import { VigoError } from '#node/kit'
import type { Principal } from '../http/principal.ts'
import type { TaskCaller, TaskRequest, TaskRow, TasksControl, TasksView, WorkflowRow } from '../tasks/types.ts'

export interface TaskParts {
  readonly tasks: TasksView & TasksControl
}

/** Tasks write what they do into the audit log by themselves. */
export function taskHandlers({ tasks }: TaskParts): Handlers<typeof taskRoutes, Principal> {
  const taskOf = async (id: string): Promise<TaskRow> => {
    const row = await tasks.get(id)
    if (row !== null) return row
    throw new VigoError('unknown-run', `no task '${id}' was run here; see vigocli task list`)
  }
  const workflowOf = async (id: string): Promise<WorkflowRow> => {
    const row = await tasks.workflow(id)
    if (row !== null) return row
    throw new VigoError('unknown-run', `no workflow '${id}' was run here`)
  }
  return {
    runTask: async ({ body, user, signal }) => {
      const request = requestOf(body)
      if (body.dryRun === true) return { task: null, plan: await tasks.plan(request, { signal }) }
      return { task: await tasks.run(request, callerOf(user, body.operator), { signal }), plan: null }
    },
    tasks: async ({ body }) => ({ tasks: await tasks.list({ limit: body.limit ?? 20 }) }),
    task: async ({ body }) => await taskOf(body.task),
    taskOutput: async ({ body, signal, deliver }) => {
      await taskOf(body.task)
      for await (const progress of tasks.watch(body.task, { signal })) await deliver(progress)
      return await taskOf(body.task)
    },
    cancelTask: async ({ body, user }) => {
      await tasks.abort(body.task, callerOf(user))
      return {}
    },
    namedTasks: async () => ({ tasks: tasks.named() }),
    runWorkflow: async ({ body, user }) => {
      const { name, ...request } = body
      return await tasks.runWorkflow(name, request, callerOf(user))
    },
    workflows: async ({ body }) => ({ workflows: await tasks.workflows({ limit: body.limit ?? 20 }) }),
    workflow: async ({ body }) => await workflowOf(body.workflow),
    cancelWorkflow: async ({ body, user }) => {
      await tasks.abortWorkflow(body.workflow, callerOf(user))
      return {}
    },
  }
}

function requestOf(body: BodyOf<typeof taskRoutes.runTask>): TaskRequest {
  const { taskName, timeout, batchSize, maxFailures, healthCheck, healthCheckUrl } = body
  if (healthCheck !== undefined && healthCheckUrl !== undefined) {
    throw new ApiError('bad-request', 'give healthCheck or healthCheckUrl; not both')
  }
  const check = healthCheck ?? healthCheckUrl
  const { command, target, params, nice, force } = body
  const given = {
    command,
    task: taskName,
    target,
    params,
    nice,
    force,
    timeoutMs: timeout === undefined ? undefined : timeout * 1000,
    batchSize: batchSize === undefined ? undefined : String(batchSize),
    maxFailures: maxFailures === undefined ? undefined : String(maxFailures),
    healthCheck: check,
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as TaskRequest
}

/** A program that acts for people may say for whom; the history then has both. */
function callerOf({ name, via }: Principal, operator?: string): TaskCaller {
  return { name: operator === undefined || operator === '' ? name : `${name} for ${operator}`, via }
}
