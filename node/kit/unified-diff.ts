/** More differing lines are shown as one replacement. */
const MAX_EDITS = 1000
const CONTEXT = 3

type Edit = { readonly kind: ' ' | '-' | '+'; readonly line: string }

/** The difference of two texts as `diff -u` writes it, with three lines around each change; empty for equal texts. */
export function unifiedDiff(path: string, before: string, after: string): string {
  if (before === after) return ''
  const edits = editsBetween(linesOf(before), linesOf(after))
  return [`--- a/${path}`, `+++ b/${path}`, ...hunks(edits)].map(line => `${line}\n`).join('')
}

const NO_FINAL_LINE = '\n\\ No newline at end of file'

/** A last line without ending is another line than the same one with it. */
function linesOf(text: string): string[] {
  const lines = text.split('\n')
  const last = lines.pop() ?? ''
  return last === '' ? lines : [...lines, last + NO_FINAL_LINE]
}

/** Myers, "An O(ND) Difference Algorithm and Its Variations" (1986), between the common beginning and end. */
function editsBetween(before: readonly string[], after: readonly string[]): Edit[] {
  let start = 0
  while (start < before.length && start < after.length && before[start] === after[start]) start++
  let end = 0
  while (end < before.length - start && end < after.length - start && before.at(-1 - end) === after.at(-1 - end)) end++
  const a = before.slice(start, before.length - end)
  const b = after.slice(start, after.length - end)
  const same = (lines: readonly string[]): Edit[] => lines.map(line => ({ kind: ' ', line }))
  return [
    ...same(before.slice(0, start)),
    ...(shortest(a, b) ?? replacement(a, b)),
    ...same(before.slice(before.length - end)),
  ]
}

function replacement(a: readonly string[], b: readonly string[]): Edit[] {
  return [...a.map(line => ({ kind: '-', line }) as const), ...b.map(line => ({ kind: '+', line }) as const)]
}

function shortest(a: readonly string[], b: readonly string[]): Edit[] | null {
  const max = Math.min(a.length + b.length, MAX_EDITS)
  /** furthest.get(k): how far along `a` the diagonal k was reached. */
  const furthest = new Map<number, number>([[1, 0]])
  const trace: Map<number, number>[] = []
  for (let d = 0; d <= max; d++) {
    trace.push(new Map(furthest))
    for (let k = -d; k <= d; k += 2) {
      let x = comesDown(furthest, k, d) ? reached(furthest, k + 1) : reached(furthest, k - 1) + 1
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++
      furthest.set(k, x)
      if (x >= a.length && x - k >= b.length) return backtrack(a, b, trace)
    }
  }
  return null
}

function backtrack(a: readonly string[], b: readonly string[], trace: readonly Map<number, number>[]): Edit[] {
  const edits: Edit[] = []
  let x = a.length
  let y = b.length
  for (let d = trace.length - 1; d >= 0; d--) {
    const furthest = trace[d] ?? new Map()
    const k = x - y
    const previous = comesDown(furthest, k, d) ? k + 1 : k - 1
    const fromX = d === 0 ? 0 : reached(furthest, previous)
    const fromY = d === 0 ? 0 : fromX - previous
    while (x > fromX && y > fromY) {
      edits.push({ kind: ' ', line: a[--x] ?? '' })
      y--
    }
    if (d === 0) break
    if (x === fromX) edits.push({ kind: '+', line: b[--y] ?? '' })
    else edits.push({ kind: '-', line: a[--x] ?? '' })
  }
  return edits.toReversed()
}

/** Whether diagonal k is entered by an insertion. */
function comesDown(furthest: ReadonlyMap<number, number>, k: number, d: number): boolean {
  return k === -d || (k !== d && reached(furthest, k - 1) < reached(furthest, k + 1))
}

function reached(furthest: ReadonlyMap<number, number>, k: number): number {
  return furthest.get(k) ?? -1
}

function hunks(edits: readonly Edit[]): string[] {
  const changed = edits.flatMap(({ kind }, index) => (kind === ' ' ? [] : [index]))
  const lines: string[] = []
  for (let at = 0; at < changed.length; ) {
    let last = at
    while (last + 1 < changed.length && (changed[last + 1] ?? 0) - (changed[last] ?? 0) <= 2 * CONTEXT + 1) last++
    const from = Math.max((changed[at] ?? 0) - CONTEXT, 0)
    const to = Math.min((changed[last] ?? 0) + CONTEXT + 1, edits.length)
    lines.push(header(edits, from, to), ...edits.slice(from, to).map(({ kind, line }) => kind + line))
    at = last + 1
  }
  return lines
}

function header(edits: readonly Edit[], from: number, to: number): string {
  const count = (without: '+' | '-', begin: number, end: number): number =>
    edits.slice(begin, end).filter(({ kind }) => kind !== without).length
  const range = (without: '+' | '-'): string => {
    const length = count(without, from, to)
    const start = count(without, 0, from) + (length === 0 ? 0 : 1)
    return length === 1 ? `${start}` : `${start},${length}`
  }
  return `@@ -${range('+')} +${range('-')} @@`
}
