import { calledIn } from '../crate.ts'
import { crateRank, type Rank, resourceRank } from '../order.ts'
import { disorderOf, mayHaveObstacles, type Obstacle } from '../reorder.ts'
import type { CheckRule } from '../rule.ts'
import type { Block } from '../syntax/index.ts'

const REASONS: Readonly<Record<Obstacle, string>> = {
  anchor: 'an anchor must come before its aliases',
  'final-lines': 'a block scalar with + would take in the blank lines below its new place',
}

export const keyOrderObstacle: CheckRule = {
  name: 'key-order',
  stage: 'schema',
  files: 'crates',
  summary:
    'Warns of keys that stay out of order because anchors, or block scalars with `+`, could mean something else elsewhere.',
  check: (view, diagnostics) => {
    if (!mayHaveObstacles(view.text)) return
    const report = (block: Block | undefined, rank: Rank, what: string) => {
      const disorder = block?.kind === 'map' ? disorderOf(block, rank, view) : undefined
      const [first] = block?.items ?? []
      if (disorder?.obstacle === undefined || first === undefined) return
      diagnostics.warning({
        code: 'key-order',
        span: { file: view.file, start: first.start, end: first.start + 1 },
        message: `the keys of ${what} are not in order and stay as they are: ${REASONS[disorder.obstacle]}`,
        hint: `the order is ${disorder.sorted
          .map(({ key }) => key ?? '')
          .join(', ')
          .slice(0, 300)}`,
      })
    }
    report(view.skeleton, crateRank, 'the crate')
    for (const { node, item } of view.blockResources) report(item.block, resourceRank(node), calledIn(node))
  },
}
