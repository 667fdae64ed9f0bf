import { X509Certificate } from 'node:crypto'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { generateCertificate, verifyPeerCertificate } from '@libp2p/tls/utils'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { peerOfCertificate } from './peer-certificate.ts'

const peerOf = async (raw: Uint8Array, expected?: PeerId): Promise<PeerId> =>
  peerOfCertificate(new X509Certificate(raw), expected)

type KeyType = 'Ed25519' | 'secp256k1'

async function certified(type: KeyType = 'Ed25519') {
  const key = await generateKeyPair(type as 'Ed25519')
  const { cert } = await generateCertificate(key)
  return { peer: peerIdFromPrivateKey(key), raw: new Uint8Array(new X509Certificate(cert).raw) }
}

async function outcome(verify: () => Promise<{ toString(): string }>): Promise<string | null> {
  try {
    return (await verify()).toString()
  } catch {
    return null
  }
}

describe('the certificate of a peer', () => {
  test.each<KeyType>(['Ed25519', 'secp256k1'])('with a key of type %s says whose it is', async type => {
    const { peer, raw } = await certified(type)
    expect((await peerOf(raw)).toString()).toBe(peer.toString())
    expect((await peerOf(raw, peer)).toString()).toBe(peer.toString())
  })

  test('of somebody else than is expected is refused', async () => {
    const [mine, other] = [await certified(), await certified()]
    await expect(peerOf(mine.raw, other.peer)).rejects.toThrow('is expected')
  })

  test('that was changed anywhere is refused', async () => {
    const { raw } = await certified()
    for (let at = 0; at < raw.byteLength; at++) {
      const changed = raw.slice()
      changed[at] = (changed[at] ?? 0) ^ 0x01
      expect([at, await outcome(() => peerOf(changed))]).toEqual([at, null])
    }
  })

  test('that is cut off anywhere is refused', async () => {
    const { raw } = await certified()
    for (let length = 0; length < raw.byteLength; length++) {
      expect([length, await outcome(() => peerOf(raw.subarray(0, length)))]).toEqual([length, null])
    }
  })

  test('whose parts are another’s is refused', async () => {
    const [a, b] = [await certified(), await certified()]
    const half = Math.floor(a.raw.byteLength / 2)
    for (const raw of [
      Buffer.concat([a.raw.subarray(0, half), b.raw.subarray(half)]),
      Buffer.concat([b.raw.subarray(0, half), a.raw.subarray(half)]),
    ]) {
      expect(await outcome(() => peerOf(raw))).toBeNull()
    }
  })

  test('is accepted only if libp2p’s own check accepts it, for the same peer', async () => {
    const { raw } = await certified()
    const change = fc.record({ at: fc.nat(raw.byteLength - 1), byte: fc.nat(255) })
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 3 }), async changes => {
        const changed = raw.slice()
        for (const { at, byte } of changes) changed[at] = byte
        const ours = await outcome(() => peerOf(changed))
        if (ours !== null) expect(await outcome(() => verifyPeerCertificate(changed))).toBe(ours)
      }),
      { numRuns: 200 },
    )
  })

  test('of any bytes is refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async bytes => {
        expect(await outcome(() => peerOf(bytes))).toBeNull()
      }),
    )
  })
})
