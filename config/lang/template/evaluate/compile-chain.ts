import { TemplateError } from '../errors.ts'
import { closestName, shorten, suggest } from '../suggestion.ts'
import type { ChainName, Expression } from '../syntax/tree.ts'
import { describeKind, isMap, memberOf, sortedKeys, type Value } from '../value.ts'
import type { Evaluate, EvaluateOptional, Frame } from './frame.ts'

/** `.a.b.c`. A key that does not exist is an error, as with Go's `missingkey=error`. */
export function compileChain(base: Evaluate, names: readonly ChainName[], chain: ChainText): Evaluate {
  return frame => {
    let value = base(frame)
    for (const name of names) {
      const next = memberOf(value, name.name)
      if (next === undefined) throw missing(value, name, chain, frame)
      value = next
    }
    return value
  }
}

/** Undefined where a key does not exist, or where the value before it is null. */
export function compileOptionalChain(
  base: EvaluateOptional,
  names: readonly ChainName[],
  chain: ChainText,
): EvaluateOptional {
  return frame => {
    let value = base(frame)
    for (const name of names) {
      if (value === undefined || value === null) return undefined
      if (!isMap(value)) throw missing(value, name, chain, frame)
      value = memberOf(value, name.name)
    }
    return value
  }
}

/** What messages show of a chain: its source. */
export interface ChainText {
  readonly text: string
  readonly expression: Expression
}

function missing(value: Value, name: ChainName, { text, expression }: ChainText, frame: Frame): TemplateError {
  const source = text.slice(expression.start, name.end)
  const before = text.slice(expression.start, name.start)
  const place = { start: expression.start, end: name.end }
  if (!isMap(value)) {
    const holder = before === '' ? 'the value here (.)' : `'${before}'`
    const hint = value === null ? 'give it a value, or read it with default' : 'only maps have named values'
    return new TemplateError('value', `${holder} is ${describeKind(value)} and has no '.${name.name}'`, hint, place)
  }
  const keys = sortedKeys(value)
  if (value === frame.root && before === '') return unknownNamespace(source, keys, place)
  return new TemplateError('missing', `'${source}' is not set`, nearby(name.name, keys, before), place)
}

function nearby(name: string, keys: readonly string[], before: string): string {
  const near = closestName(name, keys)
  if (near !== undefined)
    return /^[\p{L}\p{Nd}_]+$/u.test(near)
      ? `did you mean '${before}.${near}'?`
      : `read it with index ${before} "${near}"`
  const holder = before === '' ? 'the map here' : `'${before}'`
  return keys.length === 0 ? `${holder} is empty` : `${holder} has ${shorten(keys)}`
}

function unknownNamespace(
  source: string,
  keys: readonly string[],
  place: { start: number; end: number },
): TemplateError {
  const known = keys.map(key => `.${key}`)
  const hint = suggest(source, known, () => {
    const literal = `braces that are meant for another program are written {{ \`{{ ${source} }}\` }}`
    return known.length === 0 ? literal : `there is ${shorten(known)}; ${literal}`
  })
  return new TemplateError('missing', `'${source}' does not exist here`, hint, place)
}
