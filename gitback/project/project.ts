import { fromHex, sha256Hex } from '#node/kit'
import { BodyReader, type SignedRecord } from '#swarm/record'

/**
 * Founding of a project `{ handle, founder, policy, issued_at }`, signed by the founder: a puddle, or a bolt. The founder and the handle
 * are the project: nobody else can found it, and it cannot be handed on but by a rekey bridge.
 */
export interface Project {
  readonly id: string
  readonly handle: string
  readonly founder: string
  readonly policy: RefPolicy
  readonly issuedAt: number
}

/**
 * What a branch may become.
 * - `any`: also a commit that does not descend from the one before; the push says that it overwrites
 * - `fast-forward`: only descendants
 * - `stacks`: descendants whose tree is a configuration that loads
 */
export type RefPolicy = (typeof REF_POLICIES)[number]
export const REF_POLICIES = ['any', 'fast-forward', 'stacks'] as const

/** Never 64 hex digits, so that a handle is never taken for an id. */
export const HANDLE = /^(?![0-9a-f]{64}$)[a-z0-9][a-z0-9._-]{0,126}[a-z0-9]$|^[a-z0-9]$/

/** `sha256(founder || handle)`. */
export function projectId(founder: string, handle: string): string {
  return sha256Hex(fromHex(founder), handle)
}

export function readProject(record: SignedRecord): Project {
  const body = new BodyReader(record)
  const handle = body.text('handle', HANDLE, 'must be 1 to 128 of a-z, 0-9 and inner . _ -')
  if (handle.includes('..') || handle.endsWith('.git')) throw body.refuse('handle', "must not have '..' or end in .git")
  const founder = body.hex('founder', 32)
  const policy = body.oneOf('policy', REF_POLICIES)
  const issuedAt = body.integer('issued_at')
  body.done()
  return { id: projectId(founder, handle), handle, founder, policy, issuedAt }
}

export function projectBody(project: Omit<Project, 'id'>): {
  handle: string
  founder: string
  policy: string
  issued_at: number
} {
  return { handle: project.handle, founder: project.founder, policy: project.policy, issued_at: project.issuedAt }
}
