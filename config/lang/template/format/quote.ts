const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u
const NAMED: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
}

/** As Go's `strconv.Quote`: what cannot be printed is escaped. */
export function quoted(text: string, quote: '"' | "'" = '"', asciiOnly = false): string {
  let inner = ''
  for (const character of text.toWellFormed()) inner += escaped(character, quote, asciiOnly)
  return quote + inner + quote
}

/** Whether Go would put it between backquotes: one line, nothing invisible but tabs, no backquote. */
export function canBackquote(text: string): boolean {
  return !/[`\ufeff]|[^\P{Cc}\t]/u.test(text)
}

export function isPrintable(character: string): boolean {
  return PRINTABLE.test(character)
}

function escaped(character: string, quote: string, asciiOnly: boolean): string {
  if (character === quote) return `\\${character}`
  const named = NAMED[character]
  if (named !== undefined) return named
  const code = character.codePointAt(0)!
  if ((code < 0x80 || !asciiOnly) && isPrintable(character)) return character
  if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`
  return code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`
}

function hex(code: number, length: number): string {
  return code.toString(16).padStart(length, '0')
}
