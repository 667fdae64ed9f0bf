import canonicalize from 'canonicalize'
import { dictionary, sha256Hex } from '#node/kit'
import type { BundleResource } from './bundle.ts'
import type { CompiledCrate, Stamped } from './crate.ts'
import type { Edges } from './references.ts'
import { secretsIn } from './resource.ts'

/** A resource as hosts get it. */
export interface Built {
  readonly resource: BundleResource
  readonly stamped: Stamped
  /** SHA-256 of its canonical JSON (RFC 8785). */
  readonly hash: string
}

/** The resources of a crate, with what a bundle says about all of them. */
export interface BuiltCrate {
  readonly built: readonly Built[]
  /** SHA-256 of the hashes of the resources, in their order. */
  readonly hash: string
  readonly secrets: readonly string[]
  readonly artifacts: readonly string[]
  /** What each resource manages: two of one host must not manage the same. */
  readonly identities: ReadonlyMap<string, readonly Stamped[]>
}

const NOTHING: ReadonlySet<string> = new Set()
const builtCrates = new WeakMap<CompiledCrate, BuiltCrate>()

/** A crate whose resources neither trigger those of other crates nor are triggered by them. */
export function buildCrate(crate: string, compiled: CompiledCrate): BuiltCrate {
  let built = builtCrates.get(compiled)
  if (built === undefined) {
    const resources = compiled.resources.map(stamped => build(crate, stamped, [compiled.edges]))
    built = {
      built: resources,
      hash: hashOf(resources),
      secrets: sorted(resources.flatMap(({ resource }) => secretsOf(resource))),
      artifacts: sorted(compiled.resources.flatMap(artifactsOf)),
      identities: Map.groupBy(
        compiled.resources.filter(each => identityOf(each) !== ''),
        identityOf,
      ),
    }
    builtCrates.set(compiled, built)
  }
  return built
}

/** The same with references between crates. */
export function rebuildCrate(crate: string, compiled: CompiledCrate, across: Edges): BuiltCrate {
  const base = buildCrate(crate, compiled)
  const isTouched = ({ resource: { id } }: Built) =>
    across.dependsOn.has(id) || across.notify.has(id) || across.subscribes.has(id)
  if (!base.built.some(isTouched)) return base
  const built = base.built.map(each => (isTouched(each) ? build(crate, each.stamped, [compiled.edges, across]) : each))
  return { ...base, built, hash: hashOf(built) }
}

function build(crate: string, stamped: Stamped, edges: readonly Edges[]): Built {
  const { id, name, prepared, values, when } = stamped
  const ids = (relation: 'dependsOn' | 'notify' | 'subscribes') =>
    sorted(edges.flatMap(each => [...(each[relation].get(id) ?? NOTHING)]))
  const resource: BundleResource = {
    id,
    crate,
    name,
    type: prepared.declaration.type.value,
    custom: prepared.schema === undefined,
    attributes: dictionary([...values].sort(([a], [b]) => (a < b ? -1 : 1))),
    when,
    dependsOn: ids('dependsOn'),
    notify: ids('notify'),
    subscribes: ids('subscribes'),
  }
  return { resource, stamped, hash: sha256Hex(canonicalize(resource) ?? '') }
}

function hashOf(built: readonly Built[]): string {
  return sha256Hex(built.map(({ hash }) => hash).join('\n'))
}

function secretsOf({ attributes }: BundleResource): string[] {
  return Object.values(attributes)
    .flatMap(secretsIn)
    .filter(({ problem }) => problem === undefined)
    .map(({ path }) => path)
}

function artifactsOf({ values, prepared: { schema } }: Stamped): string[] {
  const names = schema?.attributes.filter(({ type }) => type.kind === 'artifact').map(({ name }) => name) ?? []
  return names.map(name => values.get(name)).filter(value => typeof value === 'string')
}

/** Empty for what may occur more than once. */
function identityOf({ prepared: { schema }, values }: Stamped): string {
  if (schema?.identity === undefined) return ''
  return JSON.stringify([schema.type, ...schema.identity.map(name => values.get(name) ?? null)])
}

export function sorted(texts: Iterable<string>): string[] {
  return Array.from(new Set(texts)).sort()
}
