/** Replaces a stretch of the text. Offsets in UTF-16 units, `end` excluded. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
  /** What the author reads about it. */
  readonly message: string
}

/** The text with the edits in it, which do not overlap. Edits of one place come in the order in which they are given. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const parts: string[] = []
  let at = 0
  for (const edit of edits.toSorted((a, b) => a.start - b.start)) {
    if (edit.start < at) throw new RangeError(`edits overlap at ${edit.start}: ${edit.message}`)
    parts.push(text.slice(at, edit.start), edit.text)
    at = edit.end
  }
  parts.push(text.slice(at))
  return parts.join('')
}
