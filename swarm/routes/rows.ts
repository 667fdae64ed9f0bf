import { fromHex, sha256Hex, toHex } from '#node/kit'
import { BodyReader, type SignedRecord, type Signer, signRecord } from '#swarm/record'
import { lengthOf, MAX_PATTERNS, MAX_PATTERNS_LENGTH, refusalOfPattern } from './pattern.ts'

/**
 * Route records, signed by `issuer`, which may be any bolt:
 *
 * `bolt-route` says which hosts a bolt serves before others, and whether it is being emptied:
 *   `{ bolt, patterns, draining, serial, issuer, issued_at }`.
 * `envoy-route` pins an envoy to a bolt, or unpins it (`bolt` is null): `{ peer, bolt, serial, issuer, issued_at }`.
 */
export interface BoltRoute {
  /** Public key in hex. */
  readonly bolt: string
  readonly patterns: readonly string[]
  readonly isDraining: boolean
  readonly serial: number
  readonly issuer: string
  readonly issuedAt: number
}

export interface EnvoyRoute {
  /** Public key of the envoy in hex. */
  readonly peer: string
  readonly bolt: string | null
  readonly serial: number
  readonly issuer: string
  readonly issuedAt: number
}

export function readBoltRoute(record: SignedRecord): BoltRoute {
  const body = new BodyReader(record)
  const route: BoltRoute = {
    bolt: body.hex('bolt', 32),
    patterns: readPatterns(body),
    isDraining: body.boolean('draining'),
    serial: body.integer('serial'),
    issuer: body.hex('issuer', 32),
    issuedAt: body.integer('issued_at'),
  }
  body.done()
  return route
}

function readPatterns(body: BodyReader): readonly string[] {
  const patterns = body.list('patterns', MAX_PATTERNS).map(pattern => {
    if (typeof pattern !== 'string') throw body.refuse('patterns', 'must be a list of texts')
    const refusal = refusalOfPattern(pattern)
    if (refusal !== null) throw body.refuse('patterns', `has what is no host pattern: ${refusal}`)
    return pattern
  })
  if (lengthOf(patterns) > MAX_PATTERNS_LENGTH) {
    throw body.refuse('patterns', `must have at most ${MAX_PATTERNS_LENGTH} characters together`)
  }
  return patterns
}

export function readEnvoyRoute(record: SignedRecord): EnvoyRoute {
  const body = new BodyReader(record)
  const route: EnvoyRoute = {
    peer: body.hex('peer', 32),
    bolt: body.get('bolt') === null ? null : body.hex('bolt', 32),
    serial: body.integer('serial'),
    issuer: body.hex('issuer', 32),
    issuedAt: body.integer('issued_at'),
  }
  body.done()
  return route
}

/** Id of the row: what the statement is about, and whose it is. */
export function boltRouteId({ bolt, issuer }: Pick<BoltRoute, 'bolt' | 'issuer'>): string {
  return sha256Hex('bolt-route\n', fromHex(bolt), fromHex(issuer))
}

export function envoyRouteId({ peer, issuer }: Pick<EnvoyRoute, 'peer' | 'issuer'>): string {
  return sha256Hex('envoy-route\n', fromHex(peer), fromHex(issuer))
}

export function signBoltRoute(
  { bolt, patterns, isDraining, serial, issuedAt }: Omit<BoltRoute, 'issuer'>,
  fleetId: string,
  issuer: Signer,
): Promise<SignedRecord> {
  const rest = { serial, issuer: toHex(issuer.publicKey), issued_at: issuedAt }
  return signRecord('bolt-route', { bolt, patterns: [...patterns], draining: isDraining, ...rest }, fleetId, issuer)
}

export function signEnvoyRoute(
  { peer, bolt, serial, issuedAt }: Omit<EnvoyRoute, 'issuer'>,
  fleetId: string,
  issuer: Signer,
): Promise<SignedRecord> {
  const rest = { serial, issuer: toHex(issuer.publicKey), issued_at: issuedAt }
  return signRecord('envoy-route', { peer, bolt, ...rest }, fleetId, issuer)
}
