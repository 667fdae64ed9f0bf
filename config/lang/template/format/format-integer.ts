import { quoted } from './quote.ts'
import { padded, type Verb } from './verb.ts'

const BASES: Readonly<Record<string, number>> = { v: 10, d: 10, b: 2, o: 8, O: 8, x: 16, X: 16 }

export function isIntegerVerb(verb: string): boolean {
  return verb === 'c' || verb === 'q' || Object.hasOwn(BASES, verb)
}

/** A whole number by a verb of which `isIntegerVerb` holds. */
export function formatInteger(verb: Verb, value: number): string {
  if (verb.verb === 'c') return padded(characterOf(value), verb)
  if (verb.verb === 'q') return padded(quoted(characterOf(value), "'", verb.plus), verb)
  if (verb.precision === 0 && value === 0) return ' '.repeat(verb.width)
  const sign = value < 0 ? '-' : verb.plus && verb.verb !== 'v' ? '+' : verb.space ? ' ' : ''
  const digits = withPrefix(verb, Math.abs(value).toString(BASES[verb.verb]).padStart(digitCount(verb, sign), '0'))
  return padded(sign + (verb.verb === 'X' ? digits.toUpperCase() : digits), verb, ' ')
}

/** Zeros fill up to the precision, else up to the width if the verb says so. */
function digitCount({ precision, zero, width }: Verb, sign: string): number {
  return precision ?? (zero ? width - sign.length : 0)
}

function withPrefix({ verb, sharp }: Verb, digits: string): string {
  if (verb === 'O') return `0o${digits}`
  if (!sharp) return digits
  if (verb === 'b') return `0b${digits}`
  if (verb === 'o') return digits.startsWith('0') ? digits : `0${digits}`
  return verb === 'x' || verb === 'X' ? `0x${digits}` : digits
}

function characterOf(code: number): string {
  const isCharacter = code >= 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)
  return isCharacter ? String.fromCodePoint(code) : '\ufffd'
}
