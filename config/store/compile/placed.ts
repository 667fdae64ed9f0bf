import type { AttributeValue } from '#config/lang'
import { dictionary, sha256Hex } from '#node/kit'
import type { BundleResource } from './bundle.ts'
import type { Links } from './references.ts'
import { secretsIn } from './resource.ts'
import type { Stamped } from './stamp.ts'

/** A resource with its links to others. */
export interface Placed {
  readonly stamped: Stamped
  readonly links: Links
}

/** A placed resource as hosts get it. */
export interface Built {
  readonly resource: BundleResource
  /** SHA-256 of its canonical JSON (RFC 8785), lower-case hex. */
  readonly hash: string
  /** Paths of the secrets that it refers to. */
  readonly secrets: readonly string[]
  /** References to artifacts. */
  readonly artifacts: readonly string[]
}

interface Variant extends Built {
  readonly links: Links
}

const MAX_VARIANTS = 16
const variants = new WeakMap<Stamped, Variant[]>()

/** The same object for the same resource with the same links. */
export function buildPlaced(crate: string, placed: Placed): Built {
  const known = variants.get(placed.stamped) ?? []
  if (known.length === 0) variants.set(placed.stamped, known)
  const same = known.find(({ links }) => isSame(links, placed.links))
  if (same !== undefined) return same
  const built = { ...build(crate, placed), links: placed.links }
  if (known.length < MAX_VARIANTS) known.push(built)
  return built
}

function build(crate: string, { stamped, links }: Placed): Built {
  const { id, name, prepared, values, when } = stamped
  // In the order of canonical JSON, so that the text of the resource is its canonical form.
  const resource: BundleResource = {
    attributes: dictionary([...values].sort(byKey).map(([key, value]) => [key, canonicalValue(value)] as const)),
    crate,
    custom: prepared.schema === undefined,
    dependsOn: links.dependsOn,
    id,
    name,
    notify: links.notify,
    subscribes: links.subscribes,
    type: prepared.declaration.type.value,
    when,
  }
  const secrets = Object.values(resource.attributes)
    .flatMap(secretsIn)
    .filter(({ problem }) => problem === undefined)
  return {
    resource,
    hash: sha256Hex(JSON.stringify(resource)),
    secrets: secrets.map(({ path }) => path),
    artifacts: artifactsOf(stamped),
  }
}

/** The value with the keys of its maps sorted by UTF-16 units. */
function canonicalValue(value: AttributeValue): AttributeValue {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(canonicalValue)
  return dictionary(
    Object.entries(value)
      .sort(byKey)
      .map(([key, each]) => [key, canonicalValue(each)] as const),
  )
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function artifactsOf({ values, prepared: { schema } }: Stamped): string[] {
  const names = schema?.attributes.filter(({ type }) => type.kind === 'artifact').map(({ name }) => name) ?? []
  return names.map(name => values.get(name)).filter(value => typeof value === 'string')
}

export function isSame(a: Links, b: Links): boolean {
  if (a === b) return true
  return (['dependsOn', 'notify', 'subscribes'] as const).every(relation => {
    const [first, second] = [a[relation], b[relation]]
    return first.length === second.length && first.every((id, at) => id === second[at])
  })
}
