import { crateOrder, crateRank } from '../order.ts'
import { disorderOf, reorder } from '../reorder.ts'
import type { FixRule } from '../rule.ts'

export const crateKeyOrder: FixRule = {
  name: 'crate-key-order',
  stage: 'structure',
  files: 'crates',
  summary: `Keys of a crate stand in the order ${crateOrder.map(key => `\`${key}\``).join(', ')}.`,
  fix: view => {
    const root = view.crate === undefined ? undefined : view.skeleton
    const disorder = root && disorderOf(root, crateRank, view)
    if (root === undefined || disorder === undefined || disorder.obstacle !== undefined) return []
    return reorder(root, disorder.sorted, view.lines.count - 1, view, 'keys of the crate put in order')
  },
}
