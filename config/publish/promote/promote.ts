import { isDeepStrictEqual } from 'node:util'
import { endOfLine, type MapEntry, type MapNode, type Plain, plainOf, type SourceFile, startOfLine } from '#config/lang'
import { blockNamed, blocksOf, varsOf } from './blocks.ts'
import { PromoteError } from './errors.ts'

export interface PromotionRequest {
  /** Names of two environments of the file. */
  readonly from: string
  readonly to: string
  /** Variables to copy; all that `from` has when there are none. */
  readonly variables: readonly string[]
}

export interface Promotion {
  /** The file afterwards; the same text when there is nothing to do. */
  readonly file: SourceFile
  /** Variables that `to` did not have. */
  readonly added: readonly string[]
  readonly changed: readonly string[]
}

/**
 * Copies variables from one environment to another, as edits of the text: everything else stays byte for byte, comments too. What comes
 * out is read again and must say exactly what was asked for.
 *
 * @throws PromoteError
 */
export function promote(file: SourceFile, { from, to, variables }: PromotionRequest): Promotion {
  const blocks = blocksOf(file)
  const source = varsOf(blockNamed(file, blocks, from))?.entries ?? new Map<string, MapEntry>()
  const target = blockNamed(file, blocks, to)
  const present = varsOf(target)?.entries ?? new Map<string, MapEntry>()
  const wanted = (variables.length === 0 ? [...source.keys()] : [...new Set(variables)]).map(name => {
    const entry = source.get(name)
    if (entry !== undefined) return entry
    throw new PromoteError('no-variable', `'${from}' of ${file.path} sets no variable '${name.slice(0, 100)}'`)
  })
  const differing = wanted.filter(({ key, value }) => {
    const there = present.get(key)
    return there === undefined || !isDeepStrictEqual(plainOf(there.value), plainOf(value))
  })
  const added = differing.filter(({ key }) => !present.has(key))
  const changed = differing.filter(({ key }) => present.has(key))
  const edits = [
    ...changed.map(entry => replacement(file, entry, present.get(entry.key) as MapEntry)),
    ...(added.length === 0 ? [] : [insertion(file, added, target, to)]),
  ]
  const promoted = { path: file.path, text: applied(file.text, edits) }
  prove(file, promoted, to, differing)
  return { file: promoted, added: added.map(({ key }) => key), changed: changed.map(({ key }) => key) }
}

interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

function replacement(file: SourceFile, entry: MapEntry, there: MapEntry): Edit {
  const { start } = there.keySpan
  const { end } = trimmed(file.text, start, there.value.span.end)
  return { start, end, text: entryText(file, entry, columnOf(file.text, start)) }
}

/** Behind the last variable of the block, or a `vars:` of its own before its other keys. */
function insertion(file: SourceFile, entries: readonly MapEntry[], target: MapEntry, name: string): Edit {
  const { text } = file
  const vars = varsOf(target)
  const [first] = vars?.entries.values() ?? []
  const last = vars === undefined ? undefined : [...vars.entries.values()].at(-1)
  if (first !== undefined && last !== undefined && standsAlone(text, first) && standsAlone(text, last)) {
    const column = columnOf(text, first.keySpan.start)
    const at = endOfLine(text, trimmed(text, last.keySpan.start, last.value.span.end).end)
    return {
      start: at,
      end: at,
      text: entries.map(entry => `\n${' '.repeat(column)}${entryText(file, entry, column)}`).join(''),
    }
  }
  const [key] = target.value.kind === 'map' ? target.value.entries.values() : []
  if (vars !== undefined || key === undefined || !standsAlone(text, key)) {
    throw new PromoteError(
      'not-editable',
      `the environment '${name}' of ${file.path} has no vars below each other that could be added to; write 'vars:' there with one variable on a line of its own`,
    )
  }
  const column = columnOf(text, key.keySpan.start)
  const lines = entries.map(entry => `${' '.repeat(column + 2)}${entryText(file, entry, column + 2)}\n`)
  const at = startOfLine(text, key.keySpan.start)
  return { start: at, end: at, text: `${' '.repeat(column)}vars:\n${lines.join('')}` }
}

/** `key: value` as it is written, its further lines moved to another column. */
function entryText({ text }: SourceFile, { keySpan, value }: MapEntry, column: number): string {
  const shift = column - columnOf(text, keySpan.start)
  const { start, end } = trimmed(text, keySpan.start, value.span.end)
  const [first = '', ...lines] = text.slice(start, end).split('\n')
  return [first, ...lines.map(line => (line.trim() === '' ? '' : moved(line, shift)))].join('\n')
}

function moved(line: string, shift: number): string {
  if (shift >= 0) return ' '.repeat(shift) + line
  return line.slice(Math.min(-shift, line.search(/\S/)))
}

function trimmed(text: string, start: number, end: number): { start: number; end: number } {
  return { start, end: start + text.slice(start, end).trimEnd().length }
}

function columnOf(text: string, offset: number): number {
  return offset - startOfLine(text, offset)
}

function standsAlone(text: string, { keySpan: { start } }: MapEntry): boolean {
  return text.slice(startOfLine(text, start), start).trim() === ''
}

function applied(text: string, edits: readonly Edit[]): string {
  return edits
    .toSorted((a, b) => b.start - a.start)
    .reduce((whole, edit) => whole.slice(0, edit.start) + edit.text + whole.slice(edit.end), text)
}

/** @throws PromoteError 'not-editable' */
function prove(before: SourceFile, after: SourceFile, to: string, entries: readonly MapEntry[]): void {
  const expected = plainBlocks(before)
  const block = expected.get(to) ?? new Map<string, Plain>()
  const vars = new Map(varEntries(varsOf(blockNamed(before, blocksOf(before), to))))
  for (const { key, value } of entries) vars.set(key, plainOf(value))
  const actual = plainBlocks(after)
  const found = new Map(varEntries(varsOf(blockNamed(after, blocksOf(after), to))))
  actual.get(to)?.delete('vars')
  block.delete('vars')
  if (isDeepStrictEqual(expected, actual) && isDeepStrictEqual(vars, found)) return
  throw new PromoteError(
    'not-editable',
    `${before.path} is written in a way that cannot be edited without changing other values; copy the variables by hand`,
  )
}

function plainBlocks(file: SourceFile): Map<string, Map<string, Plain>> {
  return new Map(
    Array.from(blocksOf(file), ([name, { value }]) => [name, new Map(value.kind === 'map' ? varEntries(value) : [])]),
  )
}

function varEntries(map: MapNode | undefined): [string, Plain][] {
  return Array.from(map?.entries.values() ?? [], ({ key, value }) => [key, plainOf(value)])
}
