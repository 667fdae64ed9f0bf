import type { TaskDeclaration, TaskParameter } from '../declarations.ts'
import { Diagnostics } from '../diagnostic.ts'
import type { Located, MapEntry, MapNode, ScalarNode } from '../node.ts'
import { placeInside } from '../syntax/index.ts'
import { suggest } from '../template/index.ts'
import { Fields } from './fields.ts'
import { checkName } from './names.ts'
import { checkSetting, taskSettings } from './task-settings.ts'
import { checkTemplates, MAX_REPORTED, referencesIn, taskContext } from './templates.ts'

const PARAMETER = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/

export const taskKeys: readonly string[] = ['name', 'task', 'description', 'command', 'params', ...taskSettings.keys()]

/** A task; `named` is the name of its file. */
export function readTask(
  map: MapNode,
  named: Located<string> | undefined,
  diagnostics: Diagnostics,
): TaskDeclaration | undefined {
  const fields = new Fields(map, 'a task', taskKeys, diagnostics)
  const name = fields.text('name') ?? fields.text('task') ?? named
  const command = fields.scalar('command')
  if (!fields.has('command')) fields.missing('command')
  if (name === undefined) fields.missing('name')
  else checkName(name, 'the name of a task', diagnostics)
  const settings = new Map<string, MapEntry>()
  for (const setting of taskSettings.keys()) {
    const entry = map.entries.get(setting)
    if (entry === undefined || !fields.has(setting)) continue
    settings.set(setting, entry)
    checkSetting(entry, diagnostics)
  }
  const params = readParameters(fields, diagnostics)
  if (command !== undefined) checkCommand(command, params, diagnostics)
  if (name === undefined || command === undefined) return undefined
  return {
    name,
    span: map.span,
    description: fields.scalar('description')?.source,
    command: { value: command.source, span: command.span },
    params,
    settings,
  }
}

/** A map of names to `{description, required, default}`, or to the default alone. */
function readParameters(fields: Fields, diagnostics: Diagnostics): ReadonlyMap<string, TaskParameter> {
  const params = new Map<string, TaskParameter>()
  for (const { key, keySpan, value } of fields.entries('params').values()) {
    if (!PARAMETER.test(key)) {
      diagnostics.error({
        code: 'name',
        span: keySpan,
        message: `'${key.slice(0, 60)}' cannot be the name of a parameter`,
        hint: 'it has letters, digits and underscores, and does not start with a digit',
      })
    }
    if (value.kind !== 'map') {
      const isNothing = value.kind === 'scalar' && value.value === null
      params.set(key, { description: undefined, required: isNothing, default: isNothing ? undefined : value })
      continue
    }
    const parameter = new Fields(value, 'a parameter', ['description', 'required', 'default'], diagnostics)
    const initial = parameter.node('default')
    params.set(key, {
      description: parameter.scalar('description')?.source,
      required: parameter.boolean('required') ?? initial === undefined,
      default: initial,
    })
  }
  return params
}

/** A command reads its parameters, and those only. */
function checkCommand(command: ScalarNode, params: ReadonlyMap<string, TaskParameter>, diagnostics: Diagnostics): void {
  checkTemplates(command, taskContext, diagnostics)
  let reported = 0
  for (const { text, reference } of referencesIn(command, taskContext, new Diagnostics())) {
    const [namespace, parameter] = reference.path
    if (namespace !== 'Params' || parameter === undefined || params.has(parameter)) continue
    if (++reported > MAX_REPORTED) return
    diagnostics.error({
      code: 'unknown-parameter',
      span: placeInside(text, reference.offset, reference.offset + reference.length),
      message: `the task has no parameter '${parameter.slice(0, 60)}'`,
      hint: suggest(parameter, Array.from(params.keys()), all =>
        all === '' ? "declare it below 'params:'" : `its parameters are ${all}`,
      ),
    })
  }
}
