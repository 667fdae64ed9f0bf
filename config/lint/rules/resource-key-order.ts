import { calledIn } from '../crate.ts'
import type { Edit } from '../edit.ts'
import { resourceRank } from '../order.ts'
import { disorderOf, reorder } from '../reorder.ts'
import type { FixRule } from '../rule.ts'

export const resourceKeyOrder: FixRule = {
  name: 'resource-key-order',
  stage: 'structure',
  files: 'crates',
  summary:
    'Keys of a resource stand in the order of its type: `name`, `type`, the attributes as in [resources.md](resources.md), `foreach`, `when`, `depends_on`, `before`, `notify`, `subscribes`.',
  fix: view => {
    const list = view.skeleton?.items.find(({ key }) => key === 'resources')?.block
    return view.blockResources.flatMap(({ node, item: { block, lastLine } }): Edit[] => {
      const disorder = block?.kind === 'map' ? disorderOf(block, resourceRank(node), view) : undefined
      if (block === undefined || disorder === undefined || disorder.obstacle !== undefined) return []
      const until = view.margin.deeperBelow(lastLine, view.lines.count - 1, list?.column ?? 0)
      return reorder(block, disorder.sorted, until, view, `keys of ${calledIn(node)} put in order`)
    })
  },
}
