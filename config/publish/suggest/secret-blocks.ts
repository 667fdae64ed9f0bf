import type { Stretch } from './redact.ts'

const BEGIN = '-----BEGIN '
const END = '-----END '

/** PEM blocks, also unfinished ones. Line by line, so that the text keeps its lines and indentation. */
export function blockSecrets(text: string): Stretch[] {
  const found: Stretch[] = []
  for (let begin = text.indexOf(BEGIN); begin >= 0; ) {
    const end = text.indexOf(END, begin)
    const until = end < 0 ? text.length : lineEnd(text, end)
    found.push(...linesWithin(text, begin, until))
    begin = text.indexOf(BEGIN, until)
  }
  return found
}

/** The words of each line between two offsets, without the blanks around them. */
export function linesWithin(text: string, from: number, to: number): Stretch[] {
  const found: Stretch[] = []
  for (let start = from; start < to; ) {
    const end = Math.min(lineEnd(text, start), to)
    const line = text.slice(start, end)
    const words = line.trim()
    const first = start + line.indexOf(words)
    if (words !== '') found.push({ start: first, end: first + words.length })
    start = end + 1
  }
  return found
}

export function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end < 0 ? text.length : end
}
