import { createSecureContext, type SecureContext } from 'node:tls'
import type { PrivateKey } from '@libp2p/interface'
import { generateCertificate } from '@libp2p/tls/utils'

/** AES-128 first: a quarter faster than AES-256, and no weaker link in a chain of P-256 and Ed25519. */
const CIPHERS = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256'
/** A certificate serves this long before a new one is made; making one for each connection costs a handshake's time. */
const CERTIFICATE_LIFE_MS = 24 * 3600e3

/** This process's TLS identity: a fresh key and certificate, vouched for by the peer's own key. */
export class TlsIdentity {
  readonly #key: PrivateKey
  #current: { context: Promise<SecureContext>; until: number } | undefined

  constructor(key: PrivateKey) {
    this.#key = key
  }

  context(): Promise<SecureContext> {
    const now = performance.now()
    if (this.#current === undefined || now > this.#current.until) {
      const context = this.#create()
      const mine = { context, until: now + CERTIFICATE_LIFE_MS }
      this.#current = mine
      context.catch(() => {
        if (this.#current === mine) this.#current = undefined
      })
    }
    return this.#current.context
  }

  async #create(): Promise<SecureContext> {
    const { key, cert } = await generateCertificate(this.#key)
    return createSecureContext({
      key,
      cert,
      minVersion: 'TLSv1.3',
      maxVersion: 'TLSv1.3',
      ciphers: CIPHERS,
      honorCipherOrder: true,
    })
  }
}
