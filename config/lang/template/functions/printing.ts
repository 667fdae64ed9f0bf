import type { Run } from '../evaluate/run.ts'
import { escapeHtml, escapeJs, escapeQuery } from '../format/escape.ts'
import { printed, valueText } from '../format/print.ts'
import { formatted } from '../format/printf.ts'
import type { Value } from '../value.ts'
import { functionsOf } from './signature.ts'

const printing = functionsOf('printing', { isGo: true })

export const printingFunctions = [
  printing({
    usage: 'print VALUE…',
    description: 'the values as text, with a space between two neighbours of which neither is a string',
    parameters: [],
    rest: 'any',
    call: (values, run) => printed(values, run),
  }),
  printing({
    usage: 'println VALUE…',
    description: 'the values as text, with spaces between and a line break at the end',
    parameters: [],
    rest: 'any',
    call: (values, run) => `${joined(values, run)}\n`,
  }),
  printing({
    usage: 'printf FORMAT VALUE…',
    description: 'the format with the values in it',
    parameters: ['string'],
    rest: 'any',
    call: ([format, ...values], run) => formatted(format, values, run),
  }),
  printing({
    usage: 'html VALUE…',
    description: 'the values as text, escaped for HTML',
    parameters: [],
    rest: 'any',
    call: (values, run) => escapeHtml(printed(values, run)),
  }),
  printing({
    usage: 'js VALUE…',
    description: 'the values as text, escaped for a string in JavaScript',
    parameters: [],
    rest: 'any',
    call: (values, run) => escapeJs(printed(values, run)),
  }),
  printing({
    usage: 'urlquery VALUE…',
    description: 'the values as text, escaped for the query of a URL',
    parameters: [],
    rest: 'any',
    call: (values, run) => escapeQuery(printed(values, run)),
  }),
]

function joined(values: readonly Value[], run: Run): string {
  let text = ''
  for (const [at, value] of values.entries()) {
    text += (at > 0 ? ' ' : '') + valueText(value, run)
    run.checkLength(text.length)
  }
  return text
}
