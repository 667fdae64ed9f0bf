import { sha256Hex } from '#node/kit'
import type { Crate } from './config-store.ts'
import { hashOfSource } from './memory.ts'

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

const hashes = new WeakMap<Crate, string>()

/** Of its file and those of everything that it depends on. */
export function hashOfCrate(crate: Crate): string {
  let hash = hashes.get(crate)
  if (hash === undefined) {
    const others = dependenciesOf(crate)
    hash = hashOfSource(crate.declaration.file)
    if (others.length > 0)
      hash = sha256Hex([hash, ...others.map(each => hashOfSource(each.declaration.file))].join('\n'))
    hashes.set(crate, hash)
  }
  return hash
}
