import { TemplateError } from '../errors.ts'
import type { Run } from '../evaluate/run.ts'
import { describeKind, type Value } from '../value.ts'
import { formatFloat, isFloatVerb } from './format-float.ts'
import { formatInteger, isIntegerVerb } from './format-integer.ts'
import { formatString } from './format-string.ts'
import { nullError } from './print.ts'
import { padded, type Verb, verbAt } from './verb.ts'
import { writeValue } from './walk.ts'

/** Go's `Sprintf`. What Go marks inside the text (`%!d(string=x)`) is an error here. */
export function formatted(format: string, values: readonly Value[], run: Run): string {
  let text = ''
  let next = 0
  let at = 0
  for (;;) {
    const percent = format.indexOf('%', at)
    text += format.slice(at, percent < 0 ? format.length : percent)
    run.checkLength(text.length)
    if (percent < 0) break
    const verb = verbAt(format, percent)
    at = percent + verb.source.length
    if (verb.verb === '%') text += '%'
    else text += formatOne(verb, argumentFor(verb, values, next++), next, run)
    run.charge(1)
  }
  if (next === values.length) return text
  throw new TemplateError('value', `printf got ${values.length} values, and its format takes ${next}`)
}

function argumentFor(verb: Verb, values: readonly Value[], index: number): Value {
  const value = values[index]
  if (value !== undefined) return value
  throw new TemplateError('value', `printf has no value for '${verb.source}'`, 'a percent sign is written %%')
}

function formatOne(verb: Verb, value: Value, position: number, run: Run): string {
  return writeValue(
    value,
    {
      scalar: (part, nested) => {
        if (part === null && !nested) throw nullError()
        if (part === null && verb.verb === 'v') return padded('<nil>', verb)
        return formatScalar(verb, part) ?? refuse(verb, part, position)
      },
      list: ['[', ' ', ']'],
      map: ['map[', ' ', ']'],
      key: key => `${formatString(verb, key) ?? refuse(verb, key, position)}:`,
    },
    run,
  )
}

function formatScalar(verb: Verb, value: string | number | boolean | null): string | undefined {
  if (typeof value === 'string') return formatString(verb, value)
  if (typeof value === 'boolean')
    return verb.verb === 't' || verb.verb === 'v' ? padded(String(value), verb) : undefined
  if (value === null) return undefined
  if (Number.isSafeInteger(value) && isIntegerVerb(verb.verb)) return formatInteger(verb, value)
  return isFloatVerb(verb.verb) ? formatFloat(verb, value) : undefined
}

const TAKES: Readonly<Record<string, string>> = {
  d: 'a whole number',
  b: 'a whole number',
  o: 'a whole number',
  O: 'a whole number',
  c: 'a whole number',
  x: 'a string or a whole number',
  X: 'a string or a whole number',
  q: 'a string or a whole number',
  s: 'a string',
  t: 'a boolean',
}

function refuse(verb: Verb, value: Value, position: number): never {
  const takes = isFloatVerb(verb.verb) ? 'a number' : TAKES[verb.verb]
  if (takes === undefined) {
    const hint = 'there are %v %s %q %d %x %f %g %e %t %c %o %b, and %% for a percent sign'
    throw new TemplateError('value', `'${verb.source}' is no verb of printf`, hint)
  }
  const kind = typeof value === 'number' && !Number.isSafeInteger(value) ? 'a fraction' : describeKind(value)
  const message = `'${verb.source}' takes ${takes}; value ${position} is or holds ${kind}`
  throw new TemplateError('value', message, '%v takes any value')
}
