/** Which server should serve an envoy: several servers share a fleet. */
export interface Homes {
  /** Public key of the server that comes first for it; null when that is not decided. */
  homeOf(envoy: Envoy): string | null
  /** Another server should serve it and is there: how reachable it is, is that server's to say. */
  isElsewhere(envoy: Envoy): boolean
  /** Told the envoy whose home may be another one now, or null: any. Returns the unsubscriber. */
  onChange(listener: (peer: string | null) => void): () => void
}

export interface Envoy {
  readonly peer: string
  readonly hostname: string
}

/** Of a server that has no others beside it. */
export const nobodyElse: Homes = {
  homeOf: () => null,
  isElsewhere: () => false,
  onChange: () => () => undefined,
}
