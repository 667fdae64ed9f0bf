import { ExecutorError } from '../errors.ts'
import type { ExecutorOf } from '../executor.ts'
import { editing } from './editing.ts'
import { bare, endedLike, type Lines, linesOf, spliced, textOf } from './lines.ts'
import { Pattern } from './pattern.ts'

export const blockinfileExecutor: ExecutorOf<'blockinfile'> = editing('blockinfile', {
  path: ({ target_path }) => target_path,
  creates: ({ create }) => create,
  removes: ({ state }) => state === 'absent',
  edit: (text, attributes) => {
    const before = linesOf(text)
    const [begin, end] = ['BEGIN', 'END'].map(mark => attributes.marker.replaceAll('{mark}', mark)) as [string, string]
    const found = blockBetween(before, begin, end)
    if (attributes.state === 'absent') {
      return found === null ? text : textOf(spliced(before.lines, found.from, found.count), before)
    }
    const { lines } = linesOf(attributes.block ?? '')
    if (lines.some(line => bare(line) === begin || bare(line) === end)) {
      throw new ExecutorError('failed', "the block contains a line that is its own marker; choose another 'marker'")
    }
    const block = endedLike(before, begin, ...lines, end)
    const at = found ?? { from: placeFor(before, attributes), count: 0 }
    return textOf(spliced(before.lines, at.from, at.count, ...block), before)
  },
})

/** Null when there is none. @throws ExecutorError 'failed' for one marker without the other */
function blockBetween({ lines }: Lines, begin: string, end: string): { from: number; count: number } | null {
  const bareLines = lines.map(bare)
  const from = bareLines.indexOf(begin)
  const to = bareLines.indexOf(end, Math.max(from, 0))
  if (from === -1 && to === -1) return null
  if (from !== -1 && to !== -1) return { from, count: to - from + 1 }
  const [there, missing] = from === -1 ? [end, begin] : [begin, end]
  throw new ExecutorError(
    'failed',
    `there is a line '${there}' without a '${missing}'; take the rest of the block away by hand`,
  )
}

function placeFor(
  { lines }: Lines,
  { insertafter, insertbefore }: { insertafter: string | undefined; insertbefore: string | undefined },
): number {
  const bareLines = lines.map(bare)
  const after = insertafter === undefined ? -1 : new Pattern(insertafter).matches(bareLines).lastIndexOf(true)
  if (after !== -1) return after + 1
  const before = insertbefore === undefined ? -1 : new Pattern(insertbefore).matches(bareLines).indexOf(true)
  return before === -1 ? lines.length : before
}
