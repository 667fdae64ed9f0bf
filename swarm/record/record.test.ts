import * as noble from '@noble/ed25519'
import { sha512 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '#node/kit'
import {
  assemble,
  decodeRecord,
  encodeRecord,
  isAcceptablePublicKey,
  newSeed,
  parseCanonical,
  requireSignature,
  signerFromSeed,
  signRecord,
  toCanonical,
  verifySignature,
} from './index.ts'

noble.hashes.sha512 = sha512
const fleet = 'ab'.repeat(32)
const text = (bytes: string) => new TextEncoder().encode(bytes)

describe('canonical bodies', () => {
  test.each([
    ['a duplicate key', '{"a":1,"a":2}'],
    ['another key order', '{"b":1,"a":2}'],
    ['white space', '{"a": 1}'],
    ['a number in another form', '{"a":1.0}'],
    ['an integer beyond 2^53', '{"a":9007199254740993}'],
    ['infinity', '{"a":1e999}'],
    ['a lone surrogate', '{"a":"\\ud800"}'],
    ['an escape that is not needed', '{"a":"\\u0041"}'],
    ['__proto__', '{"__proto__":{"x":1}}'],
    ['a byte order mark', '\ufeff{}'],
    ['trailing bytes', '{}\n'],
    ['deep nesting', `${'['.repeat(17)}${']'.repeat(17)}`],
    ['a hundred thousand brackets', '['.repeat(100_000)],
    ['nothing', ''],
  ])('refuse %s', (_what, body) => {
    expect(() => parseCanonical(text(body))).toThrow(expect.objectContaining({ code: 'not-canonical' }))
  })

  test('refuse invalid UTF-8', () => {
    expect(() => parseCanonical(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(/canonical/)
  })

  test('refuse a body of 10 MiB before parsing it', () => {
    expect(() => parseCanonical(new Uint8Array(10 * 1024 * 1024))).toThrow(
      expect.objectContaining({ code: 'too-large' }),
    )
  })

  test('what toCanonical writes, parseCanonical reads back', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), value => {
        const json = JSON.parse(JSON.stringify(value), (key, v) =>
          key === '__proto__' || (Number.isInteger(v) && !Number.isSafeInteger(v)) ? 0 : v,
        )
        let bytes: Uint8Array
        try {
          bytes = toCanonical(json)
        } catch {
          return
        }
        if (new TextDecoder().decode(bytes).includes('"__proto__"')) return
        expect(parseCanonical(bytes)).toEqual(json)
      }),
    )
  })
})

describe('Ed25519', () => {
  // RFC 8032, section 7.1, tests 1 to 3.
  const vectors: [string, string, string, string][] = [
    [
      '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      '',
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    ],
    [
      '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
      '72',
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    ],
    [
      'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
      'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
      'af82',
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
    ],
  ]

  test.each(vectors)('agrees with RFC 8032 (seed %s)', async (seed, publicKey, message, signature) => {
    const signer = signerFromSeed(fromHex(seed))
    expect(toHex(signer.publicKey)).toBe(publicKey)
    expect(toHex(await signer.sign(fromHex(message)))).toBe(signature)
    expect(await verifySignature(fromHex(signature), fromHex(message), signer.publicKey)).toBe(true)
    expect(noble.verify(fromHex(signature), fromHex(message), signer.publicKey, { zip215: false })).toBe(true)
  })

  test('agrees with a second implementation on signatures, also damaged ones', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ maxLength: 80 }),
        fc.option(fc.nat(95)),
        async (seed, message, flip) => {
          const signer = signerFromSeed(seed)
          const signature = await signer.sign(message)
          expect(toHex(signature)).toBe(toHex(noble.sign(message, seed)))
          const publicKey = signer.publicKey.slice()
          if (flip !== null) {
            const target = flip < 64 ? signature : publicKey
            const at = flip % (flip < 64 ? 64 : 32)
            target[at] = (target[at] ?? 0) ^ 1
          }
          const theirs = (() => {
            try {
              return noble.verify(signature, message, publicKey, { zip215: false })
            } catch {
              return false
            }
          })()
          expect(await verifySignature(signature, message, publicKey)).toBe(theirs)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('refuses S + L, which is another form of the same signature', async () => {
    const signer = signerFromSeed(newSeed())
    const signature = await signer.sign(text('x'))
    let s = BigInt(`0x${toHex(signature.slice(32).reverse())}`) + 2n ** 252n + 27742317777372353535851937790883648493n
    for (let i = 32; i < 64; i++) {
      signature[i] = Number(s & 0xffn)
      s >>= 8n
    }
    expect(await verifySignature(signature, text('x'), signer.publicKey)).toBe(false)
  })

  // The eight points of small order and their other encodings (Chalkias, Garillot, Nikolaenko 2020, table 1).
  test.each([
    '0100000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000080',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0000000000000000000000000000000000000000000000000000000000000080',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  ])('refuses the small-order or non-canonical key %s', async key => {
    expect(isAcceptablePublicKey(fromHex(key))).toBe(false)
    const zeroSignature = new Uint8Array(64)
    zeroSignature.set(fromHex(key))
    expect(await verifySignature(zeroSignature, text('anything'), fromHex(key))).toBe(false)
  })
})

describe('records', () => {
  const signer = signerFromSeed(new Uint8Array(32).fill(7))

  test('keep their wire form', async () => {
    const record = await signRecord('name-claim', { name: 'ops', n: 1 }, fleet, signer)
    expect(toHex(encodeRecord(record))).toMatchInlineSnapshot(
      `"010a6e616d652d636c61696d5a6867d690ec4cd82656b4b81c03314ce312101b8f5f888eade4e35c86f3347c8270dc47ad36fc04611305f4aaae9c49513b3a831d35430566f27292c47cc30f7b226e223a312c226e616d65223a226f7073227d"`,
    )
  })

  test('survive the wire byte for byte and verify', async () => {
    const record = await signRecord('catalog-entry', { name: 'ä', list: [1, { x: null }] }, fleet, signer)
    const read = decodeRecord(encodeRecord(record))
    expect(read).toEqual(record)
    await requireSignature(read, fleet, signer.publicKey)
  })

  test('are refused in another fleet, as another kind, or from another signer', async () => {
    const record = await signRecord('admission', { peer: 'x' }, fleet, signer)
    const other = signerFromSeed(newSeed())
    await expect(requireSignature(record, 'cd'.repeat(32), signer.publicKey)).rejects.toThrow(/not signed/)
    await expect(requireSignature(record, fleet, other.publicKey)).rejects.toThrow(/not signed/)
    const renamed = assemble('revocation', record.bodyBytes, record.signature)
    await expect(requireSignature(renamed, fleet, signer.publicKey)).rejects.toThrow(/not signed/)
  })

  test('hostile bytes are refused with a record error and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
        expect(() => decodeRecord(bytes)).toThrow(expect.objectContaining({ name: 'RecordError' }))
      }),
    )
  })

  test('a body that is not an object is refused', () => {
    expect(() => assemble('admission', text('[]'), new Uint8Array(64))).toThrow(/not an object/)
  })
})
