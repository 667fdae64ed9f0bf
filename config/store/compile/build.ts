import { sha256Hex } from '#node/kit'
import type { BundleResource } from './bundle.ts'
import type { CompiledCrate } from './crate.ts'
import { type Built, buildPlaced, isSame, type Placed } from './placed.ts'
import { type Edges, type Links, NO_LINKS } from './references.ts'

/** The resources of a crate as hosts get them. */
export interface BuiltCrate {
  readonly resources: readonly BundleResource[]
  /** SHA-256 of the hashes of the resources, each on a line, in their order. */
  readonly hash: string
  readonly secrets: readonly string[]
  readonly artifacts: readonly string[]
}

const known = new WeakMap<CompiledCrate, BuiltCrate>()

/** `across`: links between crates, if there are any. */
export function buildCrate(crate: string, compiled: CompiledCrate, across: Edges | undefined): BuiltCrate {
  const placed = linked(compiled.placed, across)
  if (placed !== compiled.placed) return build(placed.map(each => buildPlaced(crate, each)))
  let built = known.get(compiled)
  if (built === undefined) {
    built = build(placed.map(each => buildPlaced(crate, each)))
    known.set(compiled, built)
  }
  return built
}

function build(all: readonly Built[]): BuiltCrate {
  return {
    resources: all.map(({ resource }) => resource),
    hash: sha256Hex(all.map(({ hash }) => hash).join('\n')),
    secrets: sorted(all.flatMap(({ secrets }) => secrets)),
    artifacts: sorted(all.flatMap(({ artifacts }) => artifacts)),
  }
}

/** The same list when none of its resources is linked to another crate. */
function linked(placed: readonly Placed[], across: Edges | undefined): readonly Placed[] {
  if (across === undefined) return placed
  const changed = placed.map(each => {
    const links = across.linksOf(each.stamped.id)
    if (links === NO_LINKS) return each
    const all = joined(each.links, links)
    return isSame(all, each.links) ? each : { stamped: each.stamped, links: all }
  })
  return changed.every((each, at) => each === placed[at]) ? placed : changed
}

function joined(a: Links, b: Links): Links {
  return {
    dependsOn: sorted([...a.dependsOn, ...b.dependsOn]),
    notify: sorted([...a.notify, ...b.notify]),
    subscribes: sorted([...a.subscribes, ...b.subscribes]),
  }
}

export function sorted(texts: readonly string[]): readonly string[] {
  return texts.length === 0 ? texts : Array.from(new Set(texts)).sort()
}
