import { canBackquote, quoted } from './quote.ts'
import { padded, type Verb } from './verb.ts'

/** A string by a verb, or undefined when the verb is not for strings. */
export function formatString(verb: Verb, text: string): string | undefined {
  switch (verb.verb) {
    case 'v':
    case 's':
      return padded(cut(text, verb.precision), verb)
    case 'q': {
      const shown = cut(text, verb.precision)
      return padded(verb.sharp && canBackquote(shown) ? `\`${shown}\`` : quoted(shown, '"', verb.plus), verb)
    }
    case 'x':
    case 'X':
      return padded(hexText(verb, text), verb)
    default:
      return undefined
  }
}

function cut(text: string, precision: number | undefined): string {
  if (precision === undefined || text.length <= precision) return text
  let end = 0
  for (let left = precision; left > 0 && end < text.length; left--) end += text.codePointAt(end)! > 0xffff ? 2 : 1
  return text.slice(0, end)
}

function hexText({ verb, precision, sharp, space }: Verb, text: string): string {
  const bytes = Buffer.from(text, 'utf8').subarray(0, precision)
  const digits = verb === 'X' ? bytes.toString('hex').toUpperCase() : bytes.toString('hex')
  if (digits === '') return ''
  const prefix = sharp ? `0${verb}` : ''
  return prefix + (space ? (digits.match(/../g) ?? []).join(` ${prefix}`) : digits)
}
