import { dictionary } from '#node/kit'
import { type ArtifactKind, type Entry, type PlatformBlob, platformOf } from './entry.ts'

/** An entry with the hash of its record. */
export interface Head {
  readonly hash: string
  readonly entry: Entry
}

/** What readers see of an artifact: the deterministic join of its heads. */
export interface ArtifactView {
  readonly name: string
  readonly kind: ArtifactKind
  readonly founder: string
  readonly signer: string
  readonly epoch: number
  readonly seq: number
  readonly versions: Readonly<Record<string, readonly PlatformBlob[]>>
  readonly tags: Readonly<Record<string, string>>
  readonly target: string
  readonly recipients: readonly string[]
  readonly tombstone: boolean
  readonly issuedAt: number
  /** What concurrent heads contradict each other about; the first named blob is in force. */
  readonly conflicts: readonly Conflict[]
}

export type Conflict =
  | { readonly type: 'blob'; readonly version: string; readonly platform: string; readonly blobs: readonly string[] }
  | { readonly type: 'kind'; readonly kind: ArtifactKind; readonly head: string }

/** The most heads that are kept of one artifact; more means a broken or hostile publisher. */
export const MAX_HEADS = 32

/** True when `b` includes everything that `a` says: it was written by someone who had seen `a`. */
export function isAncestor(a: Entry, b: Entry): boolean {
  if (b.epoch !== a.epoch) return b.epoch > a.epoch
  let below = false
  for (const [writer, count] of Object.entries(a.clock)) {
    const other = b.clock[writer] ?? 0
    if (count > other) return false
    if (count < other) below = true
  }
  return below || Object.keys(b.clock).length > Object.keys(a.clock).length
}

/** Negative when `a` comes before `b`: by epoch, seq, time of issue, hash. A total order. */
export function compareHeads(a: Head, b: Head): number {
  return (
    a.entry.epoch - b.entry.epoch ||
    a.entry.seq - b.entry.seq ||
    a.entry.issuedAt - b.entry.issuedAt ||
    (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0)
  )
}

/** The entries of which none is an ancestor of another, in order; independent of the order in which they came. */
export function headsOf(candidates: readonly Head[]): Head[] {
  const unique = [...new Map(candidates.map(head => [head.hash, head])).values()]
  return unique
    .filter(head => !unique.some(other => other !== head && isAncestor(head.entry, other.entry)))
    .sort(compareHeads)
    .slice(-MAX_HEADS)
}

/**
 * Joins heads (in order, at least one). Versions and platforms: union; the same platform with another blob is a conflict that
 * the earlier head wins. Tags: union, the later head wins. Target and recipients: the last head's. A tombstone removes what
 * its writer had seen; a publication that it had not seen stays.
 */
export function joinHeads(heads: readonly Head[]): ArtifactView {
  const living = heads.filter(head => !head.entry.tombstone)
  const last = (living.length > 0 ? living : heads).at(-1)
  const first = (living.length > 0 ? living : heads)[0]
  if (last === undefined || first === undefined) throw new RangeError('an artifact has at least one head')
  const { kind } = first.entry
  const conflicts: Conflict[] = []
  const versions = dictionary<PlatformBlob[]>()
  const tags = dictionary<string>()
  for (const { hash, entry } of living) {
    if (entry.kind !== kind) {
      conflicts.push({ type: 'kind', kind: entry.kind, head: hash })
      continue
    }
    for (const [version, platforms] of Object.entries(entry.versions)) {
      const joined = versions[version] ?? []
      versions[version] = joined
      for (const blob of platforms) {
        const present = platformOf(joined, blob.os, blob.arch)
        if (present === undefined) joined.push(blob)
        else if (present.blobSha !== blob.blobSha) {
          const platform = `${blob.os}/${blob.arch}`
          conflicts.push({ type: 'blob', version, platform, blobs: [present.blobSha, blob.blobSha] })
        }
      }
    }
    Object.assign(tags, entry.tags)
  }
  return {
    name: last.entry.name,
    kind,
    founder: last.entry.founder,
    signer: last.entry.signer,
    epoch: last.entry.epoch,
    seq: last.entry.seq,
    versions,
    tags,
    target: last.entry.target,
    recipients: last.entry.recipients,
    tombstone: living.length === 0,
    issuedAt: last.entry.issuedAt,
    conflicts,
  }
}
