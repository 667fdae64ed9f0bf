import { type Diagnostics, suggest, type TaskDeclaration, type WorkflowDeclaration } from '#config/lang'
import { checkReference } from './names.ts'

/** Reports steps of tasks that nobody declares, and parameters that the task does not take or does not get. */
export function checkWorkflows(
  workflows: Iterable<WorkflowDeclaration>,
  tasks: ReadonlyMap<string, TaskDeclaration>,
  diagnostics: Diagnostics,
): void {
  for (const { steps } of workflows) {
    for (const { task: name, params } of steps) {
      if (name === undefined || !checkReference(name, tasks, 'a task', diagnostics)) continue
      const task = tasks.get(name.value)
      if (task === undefined) continue
      for (const { key, keySpan } of params.values()) {
        if (task.params.has(key)) continue
        diagnostics.error({
          code: 'unknown-parameter',
          span: keySpan,
          message: `the task '${name.value}' has no parameter '${key.slice(0, 80)}'`,
          hint: suggest(key, Array.from(task.params.keys()), all =>
            all === '' ? 'it takes none' : `its parameters are ${all}`,
          ),
          related: [{ span: task.name.span, message: 'the task is declared here' }],
        })
      }
      for (const [parameter, { required }] of task.params) {
        if (!required || params.has(parameter)) continue
        diagnostics.error({
          code: 'missing-parameter',
          span: name.span,
          message: `the task '${name.value}' needs the parameter '${parameter}'`,
          hint: `add 'params: { ${parameter}: … }' to the step`,
          related: [{ span: task.name.span, message: 'the task is declared here' }],
        })
      }
    }
  }
}
