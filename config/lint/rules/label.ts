import type { Edit } from '../edit.ts'
import { crateLabel, isLabel, resourceLabel } from '../labels.ts'
import type { FixRule } from '../rule.ts'
import type { View } from '../view.ts'

export const label: FixRule = {
  name: 'label',
  stage: 'labels',
  files: 'crates',
  summary:
    'A `#~` block comment at the top says what the crate manages, a `#~` line directly above each resource what it does. Older `#~` lines are replaced.',
  fix: view => {
    return settled(oldLabels(view), wantedLabels(view), view.text)
  },
}

/**
 * The lines of labels. Behind a block scalar that keeps its final lines the blank lines below a label go with it, since they would become
 * part of the scalar.
 */
function oldLabels({ margin, lines, keptEnds }: View): Edit[] {
  const edits: Edit[] = []
  let isKept = false
  for (let line = 0; line < lines.count; line++) {
    const start = lines.startOf(line)
    const end = lines.startOf(line + 1)
    const comment = margin.isComment(line) ? margin.commentOf(line) : ''
    const isOld = isLabel(comment)
    isKept = isOld ? isKept || keptEnds.has(start) : isKept && margin.isBlank(line)
    if (isOld) edits.push({ start, end, text: '', message: `label removed: ${comment.slice(0, 120)}` })
    else if (isKept && end > start)
      edits.push({ start, end, text: '', message: 'blank line removed with the label above' })
  }
  return edits
}

/** A label with its line feeds. One below its offset is the head of the file, the others stand directly above theirs. */
interface Wanted extends Edit {
  readonly isBelow: boolean
}

function wantedLabels(view: View): Wanted[] {
  const { crate, lines, text } = view
  if (crate === undefined || view.skeleton === undefined) return []
  const top = crateLabel(crate)
  const head = text.startsWith('#!') ? lines.startOf(1) : 0
  const labels = [labelAt(head, top.join('\n'), top[0] ?? '', true)]
  for (const { node, item } of view.blockResources) {
    const line = resourceLabel(node, crate)
    if (line === undefined) continue
    const pad = ' '.repeat(lines.indentationOf(item.firstLine))
    labels.push(labelAt(lines.startOf(item.firstLine), pad + line, line, false))
  }
  return labels
}

function labelAt(start: number, label: string, shown: string, isBelow: boolean): Wanted {
  return { start, end: start, text: `${label}\n`, message: `label written: ${shown}`, isBelow }
}

/** Labels that already stand where they should are left alone. */
function settled(removed: readonly Edit[], wanted: readonly Wanted[], text: string): Edit[] {
  const removals = new Map(removed.map(edit => [edit.start, edit] as const))
  const fresh = wanted.filter(({ start, text: lines, isBelow }) => {
    const from = isBelow ? start : start - lines.length
    if (from < 0 || !text.startsWith(lines, from)) return true
    for (let at = from; at < from + lines.length; ) {
      const edit = removals.get(at)
      removals.delete(at)
      at = edit?.end ?? text.indexOf('\n', at) + 1
    }
    return false
  })
  return [...fresh, ...removals.values()]
}
