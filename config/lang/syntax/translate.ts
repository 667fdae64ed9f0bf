import type { ErrorCode, YAMLParseError } from 'yaml'
import { endOfLine, startOfLine } from '../source.ts'
import type { Findings } from './inspect.ts'

export interface Translation {
  readonly code: string
  readonly start: number
  readonly end: number
  readonly message: string
  readonly hint: string
}

/** A YAML parser's error as a sentence about what the author wrote. */
export function translateError(error: YAMLParseError, text: string, findings: Findings): Translation {
  const mistake = new Mistake(error, text, findings)
  return (translations[error.code] ?? unknown)(mistake)
}

/** What a translation looks at. */
class Mistake {
  readonly original: string
  readonly text: string
  readonly findings: Findings
  readonly start: number
  readonly end: number

  constructor(error: YAMLParseError, text: string, findings: Findings) {
    this.original = error.message
    this.text = text
    this.findings = findings
    this.start = error.pos[0]
    this.end = error.pos[1]
  }

  get line(): string {
    return this.text.slice(startOfLine(this.text, this.start), endOfLine(this.text, this.start))
  }

  get restOfLine(): string {
    return this.text.slice(this.start, endOfLine(this.text, this.start))
  }

  /** The character before the mistake, blanks left out. */
  get before(): string | undefined {
    return this.text.slice(0, this.start).trimEnd().at(-1)
  }

  say(code: string, message: string, hint: string, start = this.start, end = this.end): Translation {
    const lineEnd = endOfLine(this.text, start)
    return { code, start, end: Math.max(start + 1, Math.min(end, lineEnd)), message, hint }
  }
}

const QUOTE_VALUE = 'put the whole value into quotes'

const translations: Partial<Record<ErrorCode, (m: Mistake) => Translation>> = {
  MISSING_CHAR: missingCharacter,
  UNEXPECTED_TOKEN: unexpectedToken,
  MULTILINE_IMPLICIT_KEY: missingColon,
  BAD_INDENT: m => {
    if (m.original.startsWith('Flow')) return unclosedBracket(m) ?? unknown(m)
    if (!m.original.startsWith('Block scalar')) return badIndentation(m, m.start)
    return m.say(
      'yaml-indentation',
      'the text below | or > must be indented more than its key',
      'indent every line of the text by two spaces more than the key',
    )
  },
  BLOCK_AS_IMPLICIT_KEY: m => {
    if (m.text[m.start] === '?') return m.say('yaml-reserved-character', 'a value cannot start with ?', QUOTE_VALUE)
    if (!/:(?:\s|$)/.test(m.restOfLine.slice(1))) return badIndentation(m, endOfLine(m.text, m.start) + 1)
    return m.say(
      'yaml-colon-in-value',
      'the value contains a colon followed by a space, so YAML takes it for a key',
      QUOTE_VALUE,
      m.start,
      endOfLine(m.text, m.start),
    )
  },
  TAB_AS_INDENT: m =>
    m.say(
      'yaml-tab',
      'a tab indents this line; YAML wants spaces',
      "replace it by spaces; 'vigocli config lint --fix' does",
    ),
  BAD_SCALAR_START: m =>
    m.say('yaml-reserved-character', `a value cannot start with ${m.text[m.start] ?? 'this character'}`, QUOTE_VALUE),
  BAD_ALIAS: badAlias,
  ALIAS_PROPS: badAlias,
  MULTIPLE_ANCHORS: badAlias,
  BAD_DQ_ESCAPE: m =>
    m.say(
      'yaml-escape',
      `'${m.text.slice(m.start, m.start + 2)}' is no escape that YAML knows`,
      'in double quotes write \\\\ for a backslash, or use single quotes',
      m.start,
      m.start + 2,
    ),
  NON_STRING_KEY: m => m.say('yaml-key', 'a key must be text', "write '<key>: <value>' with a plain key"),
  KEY_OVER_1024_CHARS: m =>
    m.say('yaml-key', 'a key is longer than 1024 characters', 'look for a missing quote or line break'),
}

function missingCharacter(m: Mistake): Translation {
  if (m.original.startsWith('Missing closing')) {
    const quote = m.original.includes('"') ? '"' : "'"
    const at = m.findings.unclosedQuotes.get(m.start) ?? m.start
    const hint = `add ${quote} at the end of the value`
    return m.say('yaml-unclosed-quote', 'the quote that starts here is never closed', hint, at, at + 1)
  }
  if (m.original.includes('followed by map values')) return missingColon(m)
  if (m.original.startsWith('Comments must')) {
    const hint = 'write a space before the #, or put the whole value into quotes'
    return m.say('yaml-comment', 'a comment needs a space before its #', hint, m.start, m.start + 1)
  }
  if (m.original.startsWith('Sequence item')) {
    const hint = "write '- ' before it, or indent it below the item that it belongs to"
    return m.say('yaml-list', 'this line stands in a list but does not start with a dash', hint)
  }
  return unclosedBracket(m) ?? unknown(m)
}

function unexpectedToken(m: Mistake): Translation {
  const { before } = m
  if (m.original.includes('at node end') && (before === '"' || before === "'")) {
    const inside = before === "'" ? "inside '…' a quote is written twice" : 'inside "…" a quote is written \\"'
    return m.say('yaml-after-quote', 'the value goes on after its closing quote', `${QUOTE_VALUE}; ${inside}`)
  }
  if (/[|>]/.test(m.line) && /Block scalar header|Not a YAML token/.test(m.original)) {
    const hint = 'put the text on the next line, indented; or quote a value that starts with | or >'
    return m.say('yaml-block', 'after | or > the text starts on the next line', hint)
  }
  if (m.original.includes('block-seq-ind on same line')) {
    const hint = "start the list on the next line, or write it as '[a, b]'"
    return m.say('yaml-list', 'a list cannot start on the line of its key', hint)
  }
  const character = m.text[m.start]
  if (character === ']' || character === '}') {
    return m.say('yaml-bracket', `this ${character} closes nothing`, `take it away, or ${QUOTE_VALUE}`)
  }
  if (character === ',') return m.say('yaml-bracket', 'there is nothing between two commas', 'take one comma away')
  return m.say(
    'yaml-unexpected',
    'this does not belong to what stands before it',
    'check the indentation and the quotes of this line and the one before',
  )
}

function missingColon(m: Mistake): Translation {
  const { restOfLine } = m
  const lineEnd = endOfLine(m.text, m.start)
  if (/^-(?:\s|$)/.test(restOfLine)) {
    const hint = 'indent it below the key that it belongs to'
    return m.say('yaml-list', 'a list item stands among keys', hint, m.start, lineEnd)
  }
  const isTight = /^[A-Za-z0-9_.-]+:\S/.test(restOfLine)
  return m.say(
    'yaml-missing-colon',
    isTight ? 'there is no space after the colon' : 'there is no colon after this key',
    "write '<key>: <value>', with a space after the colon",
    m.start,
    lineEnd,
  )
}

function badAlias(m: Mistake): Translation {
  const shown = m.restOfLine.trim().slice(0, 40)
  const hint = shown.startsWith('*') ? `a value that starts with * needs quotes: "${shown}"` : QUOTE_VALUE
  return m.say('yaml-alias', `'${shown}' is neither a value nor the name of an anchor`, hint)
}

/** The line at the offset is indented neither like its neighbours nor like a value of the line before. */
function badIndentation(m: Mistake, offset: number): Translation {
  let at = startOfLine(m.text, offset)
  while (m.text[at] === ' ') at++
  return m.say(
    'yaml-indentation',
    'this line is indented differently from the keys around it',
    'give keys of one map the same indentation, two spaces more than the key that they belong to',
    at,
    endOfLine(m.text, at),
  )
}

function unclosedBracket(m: Mistake): Translation | undefined {
  const at = m.findings.unclosedBrackets.findLast(offset => offset < m.start)
  if (at === undefined) return undefined
  const hint = `close it, or ${QUOTE_VALUE}`
  return m.say('yaml-bracket', 'the bracket that opens here is never closed', hint, at, at + 1)
}

function unknown(m: Mistake): Translation {
  const original = m.original.replaceAll(/\s+/g, ' ').slice(0, 200)
  return m.say(
    'yaml-syntax',
    `YAML cannot be read here: ${original.charAt(0).toLowerCase()}${original.slice(1)}`,
    'check the indentation and the quotes of this line and the one before',
  )
}
