import { type Static, Type } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import type { Bundle } from '#config/store'
import { HexHash } from '#node/checkin'

/** More than any host has to do; a bundle's bytes are bounded by the protocol. */
const MAX_RESOURCES = 20_000

const Text = (maxLength: number) => Type.String({ maxLength })
/** Of a crate that is repeated for its items, an id has the item in it; reports cut it. */
const Id = Type.String({ minLength: 1, maxLength: 4096 })
const Ids = Type.Array(Id, { maxItems: MAX_RESOURCES })

const Resource = Type.Object({
  id: Id,
  crate: Text(4096),
  name: Text(4096),
  type: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' }),
  custom: Type.Boolean(),
  attributes: Type.Record(Type.String(), Type.Unknown()),
  when: Type.String(),
  dependsOn: Ids,
  notify: Ids,
  subscribes: Ids,
})

/** What this agent uses of a bundle, and its form. */
const Received = Type.Object({
  release: HexHash,
  host: Text(253),
  hash: HexHash,
  resources: Type.Array(Resource, { maxItems: MAX_RESOURCES }),
  secrets: Type.Array(Text(256), { maxItems: 10_000 }),
})

/** The part of a compiled bundle that is applied, and kept on disk. Secrets are references in it. */
export type AgentBundle = Pick<Bundle, keyof Static<typeof Received>>

const isBundle = TypeCompiler.Compile(Received)

/** A bundle of somebody else: from a message or a file. Null when it is none, or has two resources of one id. */
export function readBundle(value: unknown): AgentBundle | null {
  if (!isBundle.Check(value)) return null
  const { release, host, hash, resources, secrets } = value as AgentBundle
  if (new Set(resources.map(({ id }) => id)).size !== resources.length) return null
  return { release, host, hash, resources, secrets }
}
