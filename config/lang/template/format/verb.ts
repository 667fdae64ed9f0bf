import { TemplateError } from '../errors.ts'

/** One `%…` of a format. */
export interface Verb {
  readonly verb: string
  /** As it stands in the format: `%-10s`. */
  readonly source: string
  readonly minus: boolean
  readonly plus: boolean
  readonly sharp: boolean
  readonly space: boolean
  readonly zero: boolean
  readonly width: number
  readonly precision: number | undefined
}

const VERB = /%([-+# 0]*)(\d*)(?:\.(\d*))?([\s\S]?)/uy
const MAX_WIDTH = 1000

/** The verb at `at`. @throws TemplateError for what is none, or what only Go programs need (`%*d`, `%[1]d`) */
export function verbAt(format: string, at: number): Verb {
  VERB.lastIndex = at
  const [source = '', flags = '', width = '', precision, verb = ''] = VERB.exec(format) ?? []
  if (verb === '') throw new TemplateError('value', `the format ends with '${source}'`, 'a percent sign is written %%')
  if (verb === '*' || verb === '[') {
    throw new TemplateError('value', `'${source}' is not supported in a format`, 'write the width into the format: %5d')
  }
  if (Number(width) > MAX_WIDTH || Number(precision ?? 0) > MAX_WIDTH) {
    throw new TemplateError('limit', `'${source}' asks for more than ${MAX_WIDTH} characters`)
  }
  const minus = flags.includes('-')
  return {
    verb,
    source,
    minus,
    plus: flags.includes('+'),
    sharp: flags.includes('#'),
    space: flags.includes(' '),
    zero: flags.includes('0') && !minus,
    width: Number(width),
    precision: precision === undefined ? undefined : Number(precision),
  }
}

/** Filled up to the verb's width, which counts characters. */
export function padded(text: string, { width, minus, zero }: Verb, fill = zero ? '0' : ' '): string {
  if (text.length >= width * 2) return text
  const missing = width - Array.from(text).length
  if (missing <= 0) return text
  return minus ? text + ' '.repeat(missing) : fill.repeat(missing) + text
}
