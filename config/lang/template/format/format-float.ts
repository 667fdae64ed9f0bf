import { type FloatVerb, floatText } from './number.ts'
import { padded, type Verb } from './verb.ts'

export function isFloatVerb(verb: string): boolean {
  return verb.length === 1 && 'veEfFgG'.includes(verb)
}

/** Any number by a verb of which `isFloatVerb` holds. */
export function formatFloat(verb: Verb, value: number): string {
  const letter = (verb.verb === 'v' ? 'g' : verb.verb) as FloatVerb
  const usual = letter === 'g' || letter === 'G' ? undefined : 6
  const text = floatText(value, letter, verb.precision ?? usual)
  const magnitude = text.replace(/^[-+]/, '')
  const plus = (verb.plus && verb.verb !== 'v') || text.startsWith('+')
  const sign = text.startsWith('-') ? '-' : plus ? '+' : verb.space ? ' ' : ''
  if (!verb.zero || !Number.isFinite(value)) return padded(sign + magnitude, verb, ' ')
  return sign + magnitude.padStart(verb.width - sign.length, '0')
}
