import { fromHex, sha256Hex } from '#node/kit'
import { BodyReader, type Json, type SignedRecord } from '#swarm/record'

/**
 * One push to one ref: `{ project_id, ref, old, new, seq, parents, signer, issued_at }`, signed by a member who may write. `parents` are
 * the updates that were heads where it was made, `seq` is one more than the highest of theirs. Forty zeros mean that the ref is not there.
 */
export interface RefUpdate {
  readonly hash: string
  readonly project: string
  readonly ref: string
  readonly old: string
  readonly new: string
  readonly seq: number
  readonly parents: readonly string[]
  readonly signer: string
  readonly issuedAt: number
}

export const NO_COMMIT = '0'.repeat(40)
const MAX_PARENTS = 16
const OBJECT_ID = /^[0-9a-f]{40}$/

/** Of what git accepts: no control characters, no `..`, `@{`, `//`, no part that begins with a dot or ends in `.lock`. */
const REF =
  /^refs\/(?:heads|tags)\/(?!.*(?:\.\.|@\{|\/\/|\/\.|\.lock(?:\/|$)))[A-Za-z0-9_@+][A-Za-z0-9._@+/-]{0,199}(?<![./])$/

export function isProjectRef(ref: string): boolean {
  return REF.test(ref) && !ref.endsWith('/@')
}

export function readRefUpdate(record: SignedRecord): RefUpdate {
  const body = new BodyReader(record)
  const project = body.hex('project_id', 32)
  const ref = body.text('ref', REF, 'must be a branch or a tag: refs/heads/… or refs/tags/…')
  const update = {
    hash: record.hash,
    project,
    ref,
    old: body.text('old', OBJECT_ID, 'must be 40 hex digits'),
    new: body.text('new', OBJECT_ID, 'must be 40 hex digits'),
    seq: body.integer('seq'),
    parents: body.list('parents', MAX_PARENTS).map(parent => hashOf(parent, body)),
    signer: body.hex('signer', 32),
    issuedAt: body.integer('issued_at'),
  }
  body.done()
  if (update.seq === 0) throw body.refuse('seq', 'must be 1 or more')
  if (update.parents.length === 0 ? update.seq !== 1 : update.seq < 2) {
    throw body.refuse('seq', 'must be 1 without parents, and more with them')
  }
  if (new Set(update.parents).size !== update.parents.length) throw body.refuse('parents', 'must not repeat')
  return update
}

function hashOf(value: Json, body: BodyReader): string {
  if (typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)) return value
  throw body.refuse('parents', 'must be hashes of updates')
}

/** Of the update itself: every one is a row of its own, so that what is missed is found. */
export function refUpdateId({ project, ref, hash }: Pick<RefUpdate, 'project' | 'ref' | 'hash'>): string {
  return sha256Hex('ref-update\n', fromHex(project), `${ref}\n`, fromHex(hash))
}

export function refUpdateBody(update: Omit<RefUpdate, 'hash'>): {
  project_id: string
  ref: string
  old: string
  new: string
  seq: number
  parents: string[]
  signer: string
  issued_at: number
} {
  const { project, ref, old, new: to, seq, parents, signer, issuedAt } = update
  return { project_id: project, ref, old, new: to, seq, parents: [...parents].sort(), signer, issued_at: issuedAt }
}
