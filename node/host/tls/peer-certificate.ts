import type { X509Certificate } from 'node:crypto'
import { publicKeyFromProtobuf } from '@libp2p/crypto/keys'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { concatBytes } from '#node/kit'
import { DER, DerReader } from './der.ts'

/** 1.3.6.1.4.1.53594.1.1 */
const EXTENSION = Buffer.from('2b0601040183a25a0101', 'hex')
const PREFIX = Buffer.from('libp2p-tls-handshake:')

/**
 * Whose certificate this is (libp2p/specs, tls/tls.md): it is valid now, signed by its own key, and its extension holds the peer's key with a
 * signature of that key over the certificate's. As libp2p's own check, which parses all of it in JavaScript: a seventh of what an arrival
 * cost a server.
 * @throws Error for any other certificate, and for one of another peer than is expected
 */
export async function peerOfCertificate(certificate: X509Certificate, expected?: PeerId): Promise<PeerId> {
  const now = Date.now()
  if (certificate.validFromDate.getTime() > now || certificate.validToDate.getTime() < now) {
    throw new Error('the certificate of the other side is not valid now')
  }
  if (certificate.issuer !== certificate.subject || !certificate.verify(certificate.publicKey)) {
    throw new Error('the certificate of the other side is not signed by its own key')
  }
  const { keyInfo, extension } = partsOf(certificate.raw)
  const vouching = new DerReader(new DerReader(extension).next(DER.sequence).content)
  const key = publicKeyFromProtobuf(vouching.next(DER.octetString).content)
  const signature = vouching.next(DER.octetString).content
  if (!(await key.verify(concatBytes(PREFIX, keyInfo), signature))) {
    throw new Error('the certificate of the other side is not vouched for by the key of a peer')
  }
  const peer = peerIdFromPublicKey(key)
  if (expected !== undefined && !expected.equals(peer)) {
    throw new Error(`${peer.toString()} answers where ${expected.toString()} is expected`)
  }
  return peer
}

/** The certificate's key as it stands there, and what the extension holds. @throws RangeError */
function partsOf(raw: Uint8Array): { keyInfo: Uint8Array; extension: Uint8Array } {
  const signed = new DerReader(new DerReader(new DerReader(raw).next(DER.sequence).content).next(DER.sequence).content)
  signed.next(DER.context(0))
  // Serial number, algorithm, issuer, validity, subject.
  for (let i = 0; i < 5; i++) signed.next()
  const keyInfo = signed.next(DER.sequence).whole
  while (!signed.isDone) {
    const { tag, content } = signed.next()
    if (tag === DER.context(3)) return { keyInfo, extension: extensionIn(content) }
  }
  throw new RangeError('the certificate of the other side has no extensions')
}

function extensionIn(content: Uint8Array): Uint8Array {
  const extensions = new DerReader(new DerReader(content).next(DER.sequence).content)
  while (!extensions.isDone) {
    const extension = new DerReader(extensions.next(DER.sequence).content)
    if (Buffer.compare(extension.next(DER.objectIdentifier).content, EXTENSION) !== 0) continue
    const next = extension.next()
    return next.tag === DER.boolean ? extension.next(DER.octetString).content : next.content
  }
  throw new RangeError('the certificate of the other side does not say whose it is')
}
