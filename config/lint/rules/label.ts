import { blockResources } from '../block-resources.ts'
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
    const [start, end] = [lines.startOf(line), lines.startOf(line + 1)]
    const isOld = margin.isComment(line) && isLabel(margin.commentOf(line))
    isKept = isOld ? isKept || keptEnds.has(start) : isKept && margin.isBlank(line)
    if (isOld) edits.push({ start, end, text: '', message: `label removed: ${margin.commentOf(line).slice(0, 120)}` })
    else if (isKept && end > start)
      edits.push({ start, end, text: '', message: 'blank line removed with the label above' })
  }
  return edits
}

/** Lines with their line feeds, by the offset before which they stand. */
function wantedLabels(view: View): Edit[] {
  const { crate, lines } = view
  if (crate === undefined || view.skeleton === undefined) return []
  const top = crateLabel(crate)
  const edits = [{ start: 0, end: 0, text: `${top.join('\n')}\n`, message: `label written: ${top[0] ?? ''}` }]
  for (const { node, item } of blockResources(view)) {
    const text = resourceLabel(node, crate)
    const start = lines.startOf(item.firstLine)
    const pad = ' '.repeat(lines.indentationOf(item.firstLine))
    if (text !== undefined)
      edits.push({ start, end: start, text: `${pad}${text}\n`, message: `label written: ${text}` })
  }
  return edits
}

/** Labels that already stand where they should are left alone. */
function settled(removed: readonly Edit[], wanted: readonly Edit[], text: string): Edit[] {
  const removals = new Map(removed.map(edit => [edit.end, edit] as const))
  const fresh = wanted.filter(({ start, text: lines }) => {
    const from = start === 0 ? 0 : start - lines.length
    if (text.slice(from, from + lines.length) !== lines) return true
    for (const [end, edit] of removals) {
      if (edit.start >= from && end <= from + lines.length) removals.delete(end)
      if (end > from + lines.length) break
    }
    return false
  })
  return [...fresh, ...removals.values()]
}
