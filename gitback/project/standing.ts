import { isAtLeast, type Level, type Membership } from './membership.ts'

/** The key that founded the project, and those that followed it by rekey bridges. */
export type IsFounder = (key: string) => boolean

/**
 * Who may what in a project, from all statements about it. Decided in two steps that need no order of arrival: first who is admin, which
 * only the founder says; then who reads and writes, which the founder and those admins say. Among statements about one key the highest
 * serial counts, `none` before anything else of the same serial.
 */
export function standingOf(isFounder: IsFounder, statements: readonly Membership[], subject: string): Level {
  if (isFounder(subject)) return 'admin'
  const about = statements.filter(statement => statement.subject === subject)
  const fromFounder = latest(about.filter(({ issuer, subject: self }) => isFounder(issuer) || issuer === self))
  if (fromFounder?.level === 'admin') return 'admin'
  const said = latest(
    about.filter(
      ({ issuer, level }) =>
        isFounder(issuer) ||
        issuer === subject ||
        (level !== 'admin' && standingByFounder(isFounder, statements, issuer) === 'admin'),
    ),
  )
  return said?.level ?? 'none'
}

function standingByFounder(isFounder: IsFounder, statements: readonly Membership[], subject: string): Level {
  const own = statements.filter(
    ({ issuer, subject: about }) => about === subject && (isFounder(issuer) || issuer === subject),
  )
  return latest(own)?.level ?? 'none'
}

function latest(statements: readonly Membership[]): Membership | undefined {
  return statements.reduce<Membership | undefined>((best, statement) => {
    if (best === undefined || statement.serial > best.serial) return statement
    if (statement.serial < best.serial) return best
    return isAtLeast(best.level, statement.level) ? statement : best
  }, undefined)
}

/** Whether a statement is the issuer's to make, as things stand. */
export function mayState(isFounder: IsFounder, statements: readonly Membership[], statement: Membership): boolean {
  const { issuer, subject, level } = statement
  if (isFounder(subject)) return false
  if (isFounder(issuer)) return true
  if (issuer === subject) return level === 'none' && statements.some(other => other.subject === subject)
  return level !== 'admin' && standingByFounder(isFounder, statements, issuer) === 'admin'
}
