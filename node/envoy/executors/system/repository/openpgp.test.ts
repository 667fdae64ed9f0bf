import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ExecutorError } from '../../errors.ts'
import { armored, certificatesOf, normalFingerprint } from './openpgp.ts'

/** Made by gpg 2.2, which tells this fingerprint of it; the subkey has another. */
const FINGERPRINT = '8F09017D02B45EADDACC0D57B7BCB488C4410891'
const KEY = `-----BEGIN PGP PUBLIC KEY BLOCK-----
Comment: from a test

mDMEawHIfxYJKwYBBAHaRw8BAQdA3hAS7TUc/PCWXloMBHq7sPyh7oVp/dFxAlwf
7QoAD520F1Rlc3QgPHRlc3RAZXhhbXBsZS5vcmc+iJAEExYIADgWIQSPCQF9ArRe
rdrMDVe3vLSIxEEIkQUCawHIfwIbAwULCQgHAgYVCgkICwIEFgIDAQIeAQIXgAAK
CRC3vLSIxEEIkeIzAQDR3aDRfYyzi63GnNxPpOKH8BFcUTAHyGokJqFN/p885wD/
RXsGjkkm1dE1Q368uPHtWBk8GrwsX1suARCHfNvKng+4OARrAciAEgorBgEEAZdV
AQUBAQdAo/zLEBh/9UjjQRM9svoFgtXD+a8EPKUpfcTvYvIXMEADAQgHiHgEGBYI
ACAWIQSPCQF9ArRerdrMDVe3vLSIxEEIkQUCawHIgAIbDAAKCRC3vLSIxEEIkYAx
AQCnGKOfK394QfAU/wEbAQn6JElOonOAqGp933LKFcIDCwD9F6y/YwPP4kRKG1lX
Ou0nlJ96+jZcevhhq3pYmduOOAI=
=OHRF
-----END PGP PUBLIC KEY BLOCK-----
`

const [certificate] = certificatesOf(Buffer.from(KEY))
const binary = Buffer.from(certificate?.bytes ?? [])

test('a key has the fingerprint that gpg tells, armored or binary, with any line ends', () => {
  expect(certificate?.fingerprint).toBe(FINGERPRINT)
  expect(certificatesOf(binary)[0]?.fingerprint).toBe(FINGERPRINT)
  expect(certificatesOf(Buffer.from(KEY.replaceAll('\n', '\r\n')))[0]?.fingerprint).toBe(FINGERPRINT)
  expect(
    certificatesOf(Buffer.from(KEY.replace('Comment: from a test\n', '').replace('=OHRF\n', '')))[0]?.fingerprint,
  ).toBe(FINGERPRINT)
})

test('armor is what gpg makes of it', () => {
  expect(armored(binary)).toBe(KEY.replace('Comment: from a test\n', ''))
})

test('two keys in a file are two, in one block or two', () => {
  expect(certificatesOf(Buffer.concat([binary, binary])).map(each => each.bytes.length)).toEqual([
    binary.length,
    binary.length,
  ])
  expect(certificatesOf(Buffer.from(KEY + KEY))).toHaveLength(2)
})

test('a fingerprint may be written with spaces and small letters', () => {
  expect(normalFingerprint('8f09 017d')).toBe('8F09017D')
})

test('what is no key, cut off, or hostile is refused, and nothing else happens', () => {
  for (const bad of [
    '',
    '<html>',
    'x'.repeat(100),
    '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n-----END PGP PUBLIC KEY BLOCK-----',
  ]) {
    expect(() => certificatesOf(Buffer.from(bad)), bad).toThrow(ExecutorError)
  }
  for (let length = 1; length < binary.length; length++) {
    const cut = binary.subarray(0, length)
    try {
      expect(certificatesOf(cut).every(each => each.fingerprint === FINGERPRINT)).toBe(true)
    } catch (error) {
      expect(error).toMatchObject({ code: 'unsafe' })
    }
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
      try {
        certificatesOf(bytes)
      } catch (error) {
        expect(error).toMatchObject({ code: 'unsafe' })
      }
    }),
  )
})

test('a key that is changed anywhere in its key material has another fingerprint', () => {
  // The first packet: a header of two bytes, and 51 bytes of key.
  for (let at = 2; at < 53; at++) {
    const changed = Buffer.from(binary)
    changed[at] = (changed[at] ?? 0) ^ 1
    const found = (() => {
      try {
        return certificatesOf(changed)[0]?.fingerprint
      } catch {
        return null
      }
    })()
    expect(found).not.toBe(FINGERPRINT)
  }
})
