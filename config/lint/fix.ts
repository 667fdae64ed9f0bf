import { applyEdits, type Edit } from './edit.ts'
import type { FixRule } from './rule.ts'
import { fixRules } from './rules/index.ts'
import type { Lines } from './syntax/index.ts'
import { View } from './view.ts'

/** One thing that a rule does to a file. Lines of the file as it was read, counted from 1; `lastLine` included. */
export interface Change {
  readonly rule: string
  readonly line: number
  readonly lastLine: number
  readonly message: string
}

export interface Fixed {
  /** The first text on the way from which YAML can be read: its values are those to keep. Undefined when there is none. */
  readonly start: View | undefined
  readonly text: string
  readonly changes: readonly Change[]
}

/** What all rules make of a file, not yet proven. */
export function fix(source: View): Fixed {
  let view = source
  let start: View | undefined
  let origins: Origins = { lines: view.lines, numbers: undefined }
  const changes: Change[] = []
  for (const rule of fixRules) {
    if (start === undefined && view.isReadable) start = view
    if (!appliesTo(rule, view)) continue
    const edits = rule.fix(view)
    if (edits.length === 0) continue
    const text = applyEdits(view.text, edits)
    if (text === view.text) continue
    changes.push(...changesOf(rule, edits, origins))
    view = rule.stage === 'repair' ? new View({ path: source.file.path, text }) : view.relaid(text)
    origins = originsAfter(edits, origins, view.lines)
  }
  return { start, text: view.text, changes }
}

function appliesTo(rule: FixRule, view: View): boolean {
  if (rule.isTextual === true) return true
  return view.isReadable && (rule.files === 'every file' || view.crate !== undefined)
}

/** For each line of a text the line of the file as it was read; undefined as long as they are the same. */
interface Origins {
  readonly lines: Lines
  readonly numbers: readonly number[] | undefined
}

/** Changes of one kind on lines below each other are one. */
function changesOf(rule: FixRule, edits: readonly Edit[], { lines, numbers }: Origins): Change[] {
  const changes: Change[] = []
  for (const { start, message } of edits.toSorted((a, b) => a.start - b.start)) {
    const at = lines.at(start)
    const line = (numbers?.[at] ?? at) + 1
    const last = changes.at(-1)
    if (last?.message === message && line - last.lastLine <= 1) {
      changes[changes.length - 1] = { ...last, lastLine: Math.max(last.lastLine, line) }
    } else changes.push({ rule: rule.name, line, lastLine: line, message })
  }
  return changes
}

function originsAfter(edits: readonly Edit[], { lines, numbers }: Origins, after: Lines): Origins {
  if (after.count === lines.count && edits.every(({ text }) => !text.includes('\n'))) return { lines: after, numbers }
  const made: number[] = []
  const origin = (line: number) => numbers?.[line] ?? line
  let next = 0
  for (const { start, end, text } of edits.toSorted((a, b) => a.start - b.start)) {
    const first = lines.at(start)
    for (; next < first; next++) made.push(origin(next))
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) made.push(origin(first))
    next = Math.max(next, lines.at(end))
  }
  for (; next < lines.count; next++) made.push(origin(next))
  return { lines: after, numbers: made }
}
