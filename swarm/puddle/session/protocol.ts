/**
 * The session socket (`$XDG_RUNTIME_DIR/vigo/puddle.sock`, folder 0700, socket 0600): a program of the same user asks the
 * process that holds the unlocked key to sign. One JSON line each way per request, at most 6 MiB; several requests may follow each
 * other on one connection. The key never leaves the process. It signs only records that name it as the signer.
 *
 *     { "op": "sign", "kind": …, "fleet": <hex>, "body": <canonical text> }   { "signature": <hex> }
 *     { "op": "status" }                                                      { "publicKey": …, "idleMs": …, "endsAt": … }
 *     { "op": "lock" }                                                        { }   and the process ends
 *     any refusal                                                             { "error": { "code", "message" } }
 */
export type SessionRequest =
  | { readonly op: 'sign'; readonly kind: string; readonly fleet: string; readonly body: string }
  | { readonly op: 'status' }
  | { readonly op: 'lock' }

export interface SessionStatus {
  readonly publicKey: string
  readonly idleMs: number
  /** Unix ms at which the session locks itself unless it is used before. */
  readonly endsAt: number
}

export const MAX_LINE_BYTES = 6 * 1024 * 1024
export const REQUEST_TIMEOUT_MS = 10_000

/** Records that a puddle signs, and the body field that names the signer. */
export const signable: Readonly<Record<string, string>> = {
  'catalog-entry': 'signing_puddle_pubkey',
  'name-claim': 'puddle',
  'rekey-bridge': 'old',
  project: 'founder',
  membership: 'issuer',
  seat: 'member',
  'ref-update': 'signer',
}
