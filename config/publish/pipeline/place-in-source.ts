import type { Diagnostic, SourceFile, Span } from '#config/lang'

/**
 * Puts diagnostics of repaired (or stripped) files where the author sees them: in the texts on disk. A line is found again by its words,
 * and among lines with the same words by its turn; one that is new there stands for the line before it.
 */
export function placeInSources(
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, SourceFile>,
): Diagnostic[] {
  const places = new Map<SourceFile, (span: Span) => Span>()
  const place = (span: Span): Span => {
    const source = sources.get(span.file.path)
    if (source === undefined || source === span.file || source.text === span.file.text) return span
    const known = places.get(span.file) ?? placing(span.file, source)
    places.set(span.file, known)
    return known(span)
  }
  return diagnostics.map(diagnostic => ({
    ...diagnostic,
    span: place(diagnostic.span),
    related: diagnostic.related.map(({ span, message }) => ({ span: place(span), message })),
  }))
}

interface Line {
  /** Offset of the first character, and of the end without line ending. */
  readonly start: number
  readonly end: number
  readonly words: string
}

function placing(from: SourceFile, to: SourceFile): (span: Span) => Span {
  const fromLines = linesOf(from.text)
  const toLines = linesOf(to.text)
  const partners = partnersOf(fromLines, toLines)
  return ({ start, end }) => {
    let index = lineAt(fromLines, start)
    const line = fromLines[index]
    while (index >= 0 && partners[index] === undefined) index--
    const partner = toLines[partners[index] ?? 0] ?? { start: 0, end: 0, words: '' }
    if (line === undefined || line.words !== partner.words) {
      const first = to.text.slice(partner.start, partner.end).search(/\S|$/)
      return { file: to, start: partner.start + first, end: partner.end }
    }
    const shift = indentOf(to.text, partner) - indentOf(from.text, line)
    const at = (offset: number): number =>
      Math.min(Math.max(partner.start + (offset - line.start) + shift, partner.start), partner.end)
    return { file: to, start: at(start), end: at(end) }
  }
}

/** For each line, the index of the one with the same words and the same turn among them. */
function partnersOf(from: readonly Line[], to: readonly Line[]): (number | undefined)[] {
  const byWords = Map.groupBy(to.keys(), index => to[index]?.words ?? '')
  const turns = new Map<string, number>()
  return from.map(({ words }) => {
    if (words === '') return undefined
    const turn = turns.get(words) ?? 0
    turns.set(words, turn + 1)
    return byWords.get(words)?.[turn]
  })
}

function linesOf(text: string): Line[] {
  const lines: Line[] = []
  for (let start = 0; start <= text.length; ) {
    const found = text.indexOf('\n', start)
    const end = found < 0 ? text.length : found
    lines.push({ start, end, words: wordsOf(text.slice(start, end)) })
    start = end + 1
  }
  return lines
}

/** A line without its comment's words would be the same line; without its blanks it surely is. */
function wordsOf(line: string): string {
  return line.replace(/^\ufeff/, '').trim()
}

function indentOf(text: string, { start, end }: Line): number {
  return text.slice(start, end).search(/[^\s\ufeff]|$/)
}

function lineAt(lines: readonly Line[], offset: number): number {
  let low = 0
  let high = lines.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((lines[middle]?.start ?? 0) <= offset) low = middle
    else high = middle - 1
  }
  return low
}
