import type { Crate } from './config-store.ts'

const known = new WeakMap<Crate, readonly Crate[]>()

/** Everything that the crate depends on, nearest first: what it names, then what those name, each in their order. */
export function dependenciesOf(crate: Crate): readonly Crate[] {
  let all = known.get(crate)
  if (all === undefined) {
    const found = new Set<Crate>(crate.dependsOn)
    // Whatever is found meanwhile is appended, and gets its turn.
    for (const each of found) for (const next of each.dependsOn) found.add(next)
    found.delete(crate)
    all = [...found]
    known.set(crate, all)
  }
  return all
}
