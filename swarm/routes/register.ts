/** A statement about one thing that several bolts may make statements about. */
export interface Stated {
  readonly serial: number
  readonly issuer: string
  readonly issuedAt: number
}

export interface Held<T extends Stated> {
  readonly value: T
  readonly hash: string
}

/** What the roster says of an issuer: a bolt now, a bolt that was put out at that time, or none. */
export type Standing =
  | { readonly kind: 'bolt' }
  | { readonly kind: 'revoked'; readonly at: number }
  | { readonly kind: 'none' }

/** The higher serial, then the lower hash. */
export function outranks(a: Held<Stated>, b: Held<Stated>): boolean {
  return a.value.serial === b.value.serial ? a.hash < b.hash : a.value.serial > b.value.serial
}

/**
 * Which of the statements about one thing holds, given the newest of each issuer. What a bolt said that was revoked later counts until a
 * bolt says something afterwards: so a revocation changes nothing by itself, and a stolen key can neither undo what was said since, nor
 * stand in its way with a serial that nobody can exceed.
 */
export function holding<T extends Stated>(
  statements: Iterable<Held<T>>,
  standingOf: (issuer: string) => Standing,
): Held<T> | null {
  const all = Array.from(statements, held => ({ held, standing: standingOf(held.value.issuer) }))
  const newestOfBolts = Math.max(
    -1,
    ...all.map(({ held, standing }) => (standing.kind === 'bolt' ? held.value.issuedAt : -1)),
  )
  let best: Held<T> | null = null
  for (const { held, standing } of all) {
    if (standing.kind === 'none' || (standing.kind === 'revoked' && newestOfBolts >= standing.at)) continue
    if (best === null || outranks(held, best)) best = held
  }
  return best
}
