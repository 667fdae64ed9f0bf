import { calledIn } from '../crate.ts'
import type { Edit } from '../edit.ts'
import type { FixRule } from '../rule.ts'
import { servicesWithoutWhen } from '../triggered-services.ts'

export const whenChanged: FixRule = {
  name: 'when-changed',
  stage: 'structure',
  files: 'crates',
  summary:
    'A service in state `restarted` or `reloaded` with `subscribes` and without `when` gets `when: "changed"` (not one in flow style, `{…}`).',
  fix: view => {
    const meant = new Set(servicesWithoutWhen(view.crate))
    if (meant.size === 0) return []
    return view.blockResources.flatMap(({ node, item: { block } }): Edit[] => {
      const at = block?.items.find(({ key }) => key === 'subscribes')?.start
      if (!meant.has(node) || block?.kind !== 'map' || at === undefined) return []
      const message = `when: "changed" added to ${calledIn(node)}, so that it acts only when it is triggered`
      return [{ start: at, end: at, text: `when: "changed"\n${' '.repeat(block.column)}`, message }]
    })
  },
}
