import { fromHex, sha256Hex } from '#node/kit'
import { BodyReader, type SignedRecord } from '#swarm/record'

/**
 * What one key says of another in a project: `{ project_id, subject, level, serial, issuer, issued_at }`, signed by the issuer. For each
 * issuer and subject the highest serial counts. `none` takes away: a revocation, or, of oneself, a leave.
 *
 * - `admin` is the founder's to give and take
 * - `read` and `write` are the founder's and the admins'
 * - anybody may leave
 */
export interface Membership {
  readonly project: string
  readonly subject: string
  readonly level: Level
  readonly serial: number
  readonly issuer: string
  readonly issuedAt: number
}

export type Level = (typeof LEVELS)[number]
/** From least to most; each may all that those before it may. */
export const LEVELS = ['none', 'read', 'write', 'admin'] as const

export function isAtLeast(level: Level, wanted: Level): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(wanted)
}

export function readMembership(record: SignedRecord): Membership {
  const body = new BodyReader(record)
  const membership = {
    project: body.hex('project_id', 32),
    subject: body.hex('subject', 32),
    level: body.oneOf('level', LEVELS),
    serial: body.integer('serial'),
    issuer: body.hex('issuer', 32),
    issuedAt: body.integer('issued_at'),
  }
  body.done()
  if (membership.subject === membership.issuer && membership.level !== 'none') {
    throw body.refuse('subject', 'must be another key than the issuer, unless it leaves')
  }
  return membership
}

export function membershipId({ project, subject, issuer }: Membership): string {
  return sha256Hex('membership\n', fromHex(project), fromHex(subject), fromHex(issuer))
}

export function membershipBody(of: Membership): {
  project_id: string
  subject: string
  level: string
  serial: number
  issuer: string
  issued_at: number
} {
  const { project, subject, level, serial, issuer, issuedAt } = of
  return { project_id: project, subject, level, serial, issuer, issued_at: issuedAt }
}
