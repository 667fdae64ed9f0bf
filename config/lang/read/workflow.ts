import type { WorkflowDeclaration, WorkflowStep } from '../declarations.ts'
import type { Diagnostics } from '../diagnostic.ts'
import type { Located, MapNode } from '../node.ts'
import { Fields } from './fields.ts'
import { checkName, checkUnique } from './names.ts'
import { checkTemplates, taskContext } from './templates.ts'

export const stepKeys: readonly string[] = ['name', 'task', 'command', 'target', 'params', 'on_failure']

/** A workflow; `named` is the name of its file. */
export function readWorkflow(
  map: MapNode,
  named: Located<string> | undefined,
  diagnostics: Diagnostics,
): WorkflowDeclaration | undefined {
  const fields = new Fields(map, 'a workflow', ['name', 'workflow', 'description', 'steps'], diagnostics)
  const name = fields.text('name') ?? fields.text('workflow') ?? named
  if (!fields.has('steps')) fields.missing('steps')
  const steps = fields.maps('steps').map((step, at) => readStep(step, at + 1, diagnostics))
  checkUnique(
    steps.map(step => step.name),
    'steps',
    "give each a 'name:' of its own",
    diagnostics,
  )
  if (name === undefined) {
    fields.missing('name')
    return undefined
  }
  checkName(name, 'the name of a workflow', diagnostics)
  return { name, span: map.span, steps }
}

function readStep(map: MapNode, position: number, diagnostics: Diagnostics): WorkflowStep {
  const fields = new Fields(map, 'a step', stepKeys, diagnostics)
  const task = fields.text('task')
  const command = fields.scalar('command')
  if ((task === undefined) === (command === undefined)) {
    diagnostics.error({
      code: task === undefined ? 'missing-key' : 'exclusive-keys',
      span: map.entries.get('command')?.keySpan ?? map.span,
      message: task === undefined ? "a step needs 'task' or 'command'" : "a step has 'task' or 'command', not both",
      hint: task === undefined ? "add 'task: <name>' or 'command: …'" : 'take one away',
    })
  }
  if (command !== undefined) checkTemplates(command, taskContext, diagnostics)
  return {
    name: fields.text('name') ?? { value: `step-${position}`, span: map.span },
    span: map.span,
    task,
    command: command && { value: command.source, span: command.span },
    target: fields.text('target'),
    params: fields.entries('params'),
    onFailure: onFailureOf(fields, diagnostics),
  }
}

function onFailureOf(fields: Fields, diagnostics: Diagnostics): 'stop' | 'continue' {
  const given = fields.text('on_failure')
  if (given === undefined || given.value === 'stop') return 'stop'
  if (given.value === 'continue') return 'continue'
  diagnostics.error({
    code: 'attribute-value',
    span: given.span,
    message: `'on_failure' must be stop or continue, not '${given.value.slice(0, 60)}'`,
    hint: "'stop' is what holds when it is not given",
  })
  return 'stop'
}
