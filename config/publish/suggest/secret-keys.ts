import { resourceSchemas } from '#config/lang'
import type { Stretch } from './redact.ts'
import { lineEnd, linesWithin } from './secret-blocks.ts'

/** Names whose values are secret, as they are written in YAML, INI, JSON and shell. */
const SECRET_NAME =
  /pass(?:w|ph|$|[_.-])|pwd|secret|token|credential|bearer|authorization|cookie|psk|dsn|(?:^|[_.-])(?:api|private|access|secret|encryption|auth|signing|session|master)[_.-]?key|(?:^|[_.-])key$|apikey|privatekey/i

/** Attributes of resources that are never shown. */
const SENSITIVE: ReadonlySet<string> = new Set(
  [...resourceSchemas.values()].flatMap(({ attributes }) =>
    attributes.filter(({ sensitive }) => sensitive).map(({ name }) => name),
  ),
)

/** A name of more is not one. */
const MAX_NAME = 100

/** What such a key may hold without being secret: a reference, a template, a switch. */
const HARMLESS = /^(?:secret:|\{\{|(?:true|false|yes|no|null|~)$)/i

/** Values after names that sound secret: of `name: value`, `name=value` and `"name": "value"`, of one line or of many. */
export function keyedSecrets(text: string): Stretch[] {
  const found: Stretch[] = []
  let skipTo = 0
  for (const match of text.matchAll(/[A-Za-z0-9_.-]+/g)) {
    const { index } = match
    const [name] = match
    if (index < skipTo || name.length > MAX_NAME) continue
    if (!SENSITIVE.has(name) && !SECRET_NAME.test(name)) continue
    const stretches = valueAfter(text, index, index + name.length)
    found.push(...stretches)
    skipTo = stretches.at(-1)?.end ?? 0
  }
  return found
}

function valueAfter(text: string, nameStart: number, nameEnd: number): Stretch[] {
  const end = lineEnd(text, nameEnd)
  const separator = /^["']?[ \t]{0,20}([:=])[ \t]{0,20}/.exec(text.slice(nameEnd, Math.min(end, nameEnd + 64)))
  if (separator === null || isReference(text, nameStart, nameEnd)) return []
  const start = nameEnd + separator[0].length
  const line = text.slice(start, end)
  if (/^(?:[&!]\S{1,100} {0,5})?(?:[|>][-+0-9]{0,3})?[ \t]{0,20}(?:#|\r?$)/.test(line))
    return blockBelow(text, nameStart, end)
  if (HARMLESS.test(line.trim())) return []
  const value = separator[1] === '=' ? assigned(line) : mapped(line, isInFlow(text, nameStart))
  return value === '' ? [] : [{ start: start + line.indexOf(value), end: start + line.indexOf(value) + value.length }]
}

/** `secret:path`, which names a secret and is none. */
function isReference(text: string, nameStart: number, nameEnd: number): boolean {
  return text.slice(nameStart, nameEnd) === 'secret' && /^:\S/.test(text.slice(nameEnd, nameEnd + 2))
}

/** Lines that are indented deeper than the name, and items of a list below it. */
function blockBelow(text: string, nameStart: number, lineEndOfName: number): Stretch[] {
  const indent = nameStart - (text.lastIndexOf('\n', nameStart - 1) + 1)
  let to = lineEndOfName + 1
  while (to < text.length) {
    const end = lineEnd(text, to)
    const line = text.slice(to, end)
    const first = line.search(/\S/)
    if (first >= 0 && first <= indent && !(first === indent && /^\s*-\s/.test(line))) break
    to = end + 1
  }
  return linesWithin(text, lineEndOfName + 1, Math.min(to, text.length))
    .map(({ start, end }) => ({ start: start + (/^-[ \t]+/.exec(text.slice(start, end))?.[0].length ?? 0), end }))
    .filter(({ start, end }) => !HARMLESS.test(text.slice(start, end)))
}

function assigned(line: string): string {
  const quoted = withinQuotes(line)
  return quoted ?? /^[^\s,;"'&]*/.exec(line)?.[0] ?? ''
}

function mapped(line: string, isFlow: boolean): string {
  const quoted = withinQuotes(line)
  if (quoted !== undefined) return quoted
  const end = isFlow ? line.search(/[,}\]]|\s#|$/) : line.search(/\s#|$/)
  return line.slice(0, end).trim()
}

/** Up to the quote that ends it; the rest of the line where none does. */
function withinQuotes(line: string): string | undefined {
  const quote = line[0]
  if (quote !== '"' && quote !== "'") return undefined
  const quoted = quote === '"' ? /^"((?:[^"\\]|\\.)*)"/ : /^'((?:[^']|'')*)'/
  return quoted.exec(line)?.[1] ?? line.slice(1).trim()
}

/** Whether the name follows a bracket or comma on its line, so that its value ends at one. */
function isInFlow(text: string, nameStart: number): boolean {
  const from = Math.max(text.lastIndexOf('\n', nameStart - 1) + 1, nameStart - 8)
  return /[{[,]\s*["']?$/.test(text.slice(from, nameStart))
}
