import { toHex } from '#node/kit'
import { type RecordKind, signedBytes, signerFromSeed } from '#swarm/record'

/** Signs records with a key that was just unlocked, without a session; same shape as `SessionClient.sign`. */
export class KeyInHand {
  readonly publicKey: string
  readonly #signer

  constructor(seed: Uint8Array) {
    this.#signer = signerFromSeed(seed)
    this.publicKey = toHex(this.#signer.publicKey)
  }

  sign(kind: RecordKind, fleet: string, body: string): Promise<Uint8Array> {
    return this.#signer.sign(signedBytes(kind, new TextEncoder().encode(body), fleet))
  }
}
