import { parseTemplate, plainOf, renderTemplate, type TaskParameter } from '#config/lang'
import { TaskError } from './errors.ts'
import { HIDDEN, isSecretName } from './hidden.ts'

const MAX_VALUE = 16 * 1024
const MAX_PARAMETERS = 100
const SECRET_VALUE = /^secret:(.+)$/s

export type ParameterValue =
  | { readonly kind: 'plain'; readonly text: string }
  /** By its name: used, and never shown. */
  | { readonly kind: 'hidden'; readonly text: string }
  /** Its value is had when it is needed. */
  | { readonly kind: 'reference'; readonly path: string }

export type Parameters = ReadonlyMap<string, ParameterValue>

/** What was given, and the defaults of the rest. @throws TaskError 'bad-request' for unknown and missing ones */
export function parametersOf(
  task: string,
  declared: ReadonlyMap<string, TaskParameter>,
  given: Readonly<Record<string, string>>,
): Parameters {
  for (const [name, value] of Object.entries(given)) {
    if (!declared.has(name)) throw unknownParameter(task, name, [...declared.keys()])
    if (value.length > MAX_VALUE || value.includes('\0')) {
      throw new TaskError(
        'bad-request',
        `the parameter '${name}' has a zero byte, or more than ${MAX_VALUE} characters`,
      )
    }
  }
  const parameters = new Map<string, ParameterValue>()
  const missing: string[] = []
  for (const [name, parameter] of declared) {
    const initial = parameter.default === undefined ? undefined : textOf(plainOf(parameter.default))
    const text = Object.hasOwn(given, name) ? given[name] : initial
    if (text !== undefined) parameters.set(name, classified(name, text))
    else if (parameter.required) missing.push(name)
    else parameters.set(name, { kind: 'plain', text: '' })
  }
  if (missing.length > 0) {
    const how = missing.map(name => `--param ${name}=…`).join(' ')
    throw new TaskError('bad-request', `the task '${task}' needs ${missing.join(', ')}: give ${how}`)
  }
  return parameters
}

/** Values without a declaration. */
export function plainParameters(given: Readonly<Record<string, string>>): Parameters {
  return new Map(Object.entries(given).map(([name, text]) => [name, classified(name, text)]))
}

/** For a command that is no named task. @throws TaskError 'bad-request' */
export function refuseParameters(given: Readonly<Record<string, string>>): void {
  if (Object.keys(given).length === 0) return
  throw new TaskError('bad-request', 'parameters belong to named tasks; write the values into the command')
}

/** The command with its values, `secrets` those of references. @throws TaskError 'bad-request' */
export function fillIn(command: string, parameters: Parameters, secrets: ReadonlyMap<string, string>): string {
  return render(command, parameters, value => {
    if (value.kind !== 'reference') return value.text
    const secret = secrets.get(value.path)
    if (secret === undefined) throw new TaskError('bad-request', `there is no secret '${value.path}' on this server`)
    return secret
  })
}

/** The command as it may be shown and stored. */
export function fillInShown(command: string, parameters: Parameters): string {
  return render(command, parameters, value => {
    if (value.kind === 'plain') return value.text
    return value.kind === 'reference' ? `secret:${value.path}` : HIDDEN
  })
}

export function referencesOf(parameters: Parameters): string[] {
  return [...parameters.values()].flatMap(value => (value.kind === 'reference' ? [value.path] : []))
}

/** Values that no output may show, without those of references. */
export function hiddenValues(parameters: Parameters): string[] {
  return [...parameters.values()].flatMap(value => (value.kind === 'hidden' ? [value.text] : []))
}

function render(command: string, parameters: Parameters, textOfValue: (value: ParameterValue) => string): string {
  const parsed = parseTemplate(command)
  if (!parsed.ok) throw badCommand(parsed.errors[0]?.message ?? '')
  const values = new Map([...parameters].map(([name, value]) => [name, textOfValue(value)]))
  const rendered = renderTemplate(parsed.template, { Params: values })
  if (rendered.ok) return rendered.text
  throw badCommand(rendered.error.message)
}

function classified(name: string, text: string): ParameterValue {
  const [, path] = SECRET_VALUE.exec(text) ?? []
  if (path !== undefined) return { kind: 'reference', path }
  return { kind: isSecretName(name) && text !== '' ? 'hidden' : 'plain', text }
}

function textOf(value: ReturnType<typeof plainOf>): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function unknownParameter(task: string, name: string, known: readonly string[]): TaskError {
  const has = known.length === 0 ? 'it has none' : `it has ${known.slice(0, MAX_PARAMETERS).join(', ')}`
  return new TaskError('bad-request', `the task '${task}' has no parameter '${name.slice(0, 60)}'; ${has}`)
}

function badCommand(message: string): TaskError {
  return new TaskError('bad-request', `the command of the task cannot be filled in: ${message}`)
}
