import { dictionary, fromHex, isHex, sha256Hex } from '#node/kit'
import {
  BodyReader,
  type Json,
  PLATFORM_PART,
  RecordError,
  recordFromJson,
  recordToJson,
  type SignedRecord,
} from '#swarm/record'

/**
 * Catalog entry: one signed statement of a puddle about one artifact. The body is as `docs/formats/catalog.md` describes; this
 * module is its schema. `clock` counts the writes of each machine that the statement includes (a version vector): an entry
 * whose clock is below another's is its ancestor, whatever order they arrive in and however much history is lost.
 */
export interface Entry {
  readonly name: string
  readonly kind: ArtifactKind
  readonly founder: string
  readonly signer: string
  readonly delegations: readonly SignedRecord[]
  /** Number of rekeys before this entry. */
  readonly epoch: number
  readonly seq: number
  /** Hashes of the heads that the writer saw; for the story, not for the order. */
  readonly parents: readonly string[]
  readonly clock: Readonly<Record<string, number>>
  readonly versions: Versions
  readonly tags: Readonly<Record<string, string>>
  readonly target: string
  readonly recipients: readonly string[]
  readonly tombstone: boolean
  readonly issuedAt: number
}

export const artifactKinds = ['generic', 'oci-archive', 'apt-repo', 'dnf-repo', 'apk-repo'] as const
export type ArtifactKind = (typeof artifactKinds)[number]

export interface PlatformBlob {
  readonly os: string
  readonly arch: string
  readonly blobSha: string
  readonly sizeBytes: number
  /** Hash of the chunk manifest. */
  readonly chunks: string
}

export type Versions = Readonly<Record<string, readonly PlatformBlob[]>>

/** Names and versions become path components: no trailing dot, no name that some file systems reserve. */
const RESERVED = '(?!(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\\.|$))(?!.*\\.$)'
export const ARTIFACT_NAME = new RegExp(`^${RESERVED}[a-z0-9][a-z0-9._-]{0,127}$`)
export const VERSION = new RegExp(`^${RESERVED}[A-Za-z0-9_][A-Za-z0-9._+-]{0,127}$`, 'i')
export const TAG = VERSION
const WRITER = /^[0-9a-f]{16}$/
const TARGET = /^[\x21-\x7e][\x20-\x7e]{0,1023}$|^$/

const MAX_VERSIONS = 4096
const MAX_PLATFORMS = 64
const MAX_TAGS = 4096
const MAX_WRITERS = 256
const MAX_PARENTS = 32
const MAX_RECIPIENTS = 256
/** Four pebibytes: beyond any blob, below 2^53. */
const MAX_BLOB_BYTES = 2 ** 52

/** `sha256(founder public key || name)`: the same name of another founder is another artifact. */
export function artifactId(founder: string, name: string): string {
  return sha256Hex(fromHex(founder), name)
}

/** Reads and checks the form of an entry; rights and signature are the catalog's. @throws RecordError 'malformed' */
export function readEntry(record: SignedRecord): Entry {
  if (record.kind !== 'catalog-entry') {
    throw new RecordError('malformed', `a ${record.kind} record does not belong in the catalog`)
  }
  const body = new BodyReader(record)
  const entry: Entry = {
    name: body.text('name', ARTIFACT_NAME, 'must match [a-z0-9][a-z0-9._-]{0,127}'),
    kind: body.oneOf('kind', artifactKinds),
    founder: body.hex('founder_puddle_pubkey', 32),
    signer: body.hex('signing_puddle_pubkey', 32),
    delegations: body.list('delegations', 16).map(item => recordFromJson('rekey-bridge', item)),
    epoch: body.integer('epoch', 16),
    seq: body.integer('seq'),
    parents: readParents(body),
    clock: readClock(body),
    versions: readVersions(body),
    tags: readTags(body),
    target: body.text('target', TARGET, 'must be at most 1024 printable ASCII characters'),
    recipients: readRecipients(body),
    tombstone: body.boolean('tombstone'),
    issuedAt: body.integer('issued_at'),
  }
  body.done()
  if (entry.epoch !== entry.delegations.length) throw body.refuse('epoch', 'must be the number of delegations')
  if (entry.seq < 1) throw body.refuse('seq', 'must be at least 1')
  if (entry.tombstone && Object.keys(entry.versions).length > 0) throw body.refuse('tombstone', 'must have no versions')
  for (const [tag, version] of Object.entries(entry.tags)) {
    if (!Object.hasOwn(entry.versions, version))
      throw body.refuse('tags', `has '${tag}' on a version that is not there`)
  }
  return entry
}

export function entryBody(entry: Entry): { [key: string]: Json } {
  return {
    name: entry.name,
    kind: entry.kind,
    founder_puddle_pubkey: entry.founder,
    signing_puddle_pubkey: entry.signer,
    delegations: entry.delegations.map(recordToJson) as unknown as Json[],
    epoch: entry.epoch,
    seq: entry.seq,
    parents: [...entry.parents],
    clock: { ...entry.clock },
    versions: Object.fromEntries(
      Object.entries(entry.versions).map(([version, platforms]) => [
        version,
        {
          platforms: platforms.map(p => ({
            os: p.os,
            arch: p.arch,
            blob_sha: p.blobSha,
            size: p.sizeBytes,
            chunks: p.chunks,
          })),
        },
      ]),
    ),
    tags: { ...entry.tags },
    target: entry.target,
    recipients: [...entry.recipients],
    tombstone: entry.tombstone,
    issued_at: entry.issuedAt,
  }
}

export function platformOf(platforms: readonly PlatformBlob[], os: string, arch: string): PlatformBlob | undefined {
  return platforms.find(platform => platform.os === os && platform.arch === arch)
}

function readParents(body: BodyReader): string[] {
  return body.list('parents', MAX_PARENTS).map(parent => {
    if (!isHex(parent, 32)) throw body.refuse('parents', 'must be SHA-256 hashes in hex')
    return parent
  })
}

function readClock(body: BodyReader): Record<string, number> {
  const clock = dictionary<number>()
  for (const [writer, count] of Object.entries(body.map('clock', MAX_WRITERS))) {
    if (!WRITER.test(writer) || typeof count !== 'number' || !Number.isSafeInteger(count) || count < 1) {
      throw body.refuse('clock', 'must map 16 hex digits of a writer to how often it wrote')
    }
    clock[writer] = count
  }
  if (Object.keys(clock).length === 0) throw body.refuse('clock', 'must name at least one writer')
  return clock
}

function readVersions(body: BodyReader): Versions {
  const versions = dictionary<PlatformBlob[]>()
  for (const [version, value] of Object.entries(body.map('versions', MAX_VERSIONS))) {
    if (!VERSION.test(version))
      throw body.refuse('versions', `has a version that is not allowed: '${version.slice(0, 40)}'`)
    const fields = new BodyReader({ kind: `version ${version}`, body: asObject(body, 'versions', value) })
    const platforms = fields.list('platforms', MAX_PLATFORMS).map(item => readPlatform(body, item))
    fields.done()
    if (platforms.length === 0) throw body.refuse('versions', `has '${version}' without a platform`)
    const names = new Set(platforms.map(p => `${p.os}/${p.arch}`))
    if (names.size !== platforms.length) throw body.refuse('versions', `has a platform twice in '${version}'`)
    versions[version] = platforms
  }
  return versions
}

function readPlatform(body: BodyReader, item: Json): PlatformBlob {
  const fields = new BodyReader({ kind: 'platform', body: asObject(body, 'platforms', item) })
  const platform = {
    os: fields.text('os', PLATFORM_PART, 'must match [a-z0-9_]{1,32}'),
    arch: fields.text('arch', PLATFORM_PART, 'must match [a-z0-9_]{1,32}'),
    blobSha: fields.hex('blob_sha', 32),
    sizeBytes: fields.integer('size', MAX_BLOB_BYTES),
    chunks: fields.hex('chunks', 32),
  }
  fields.done()
  return platform
}

function readTags(body: BodyReader): Record<string, string> {
  const tags = dictionary<string>()
  for (const [tag, version] of Object.entries(body.map('tags', MAX_TAGS))) {
    if (!TAG.test(tag) || typeof version !== 'string') {
      throw body.refuse('tags', `has a tag that is not allowed: '${tag.slice(0, 40)}'`)
    }
    tags[tag] = version
  }
  return tags
}

function readRecipients(body: BodyReader): string[] {
  return body.list('recipients', MAX_RECIPIENTS).map(recipient => {
    if (recipient !== '*' && !isHex(recipient, 32)) throw body.refuse('recipients', "must be '*' or public keys in hex")
    return recipient
  })
}

function asObject(body: BodyReader, field: string, value: Json): { readonly [key: string]: Json } {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw body.refuse(field, 'must hold objects')
  return value
}
