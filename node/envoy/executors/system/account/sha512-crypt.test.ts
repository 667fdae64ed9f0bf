import { expect, test } from 'vitest'
import { hasHash } from './password.ts'
import { isSha512CryptOf, sha512Crypt } from './sha512-crypt.ts'

/** Of the specification of SHA-crypt, as crypt(3) computes them. */
const VECTORS: readonly (readonly [password: string, hash: string])[] = [
  [
    'Hello world!',
    '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
  ],
  [
    'Hello world!',
    '$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.',
  ],
  [
    'we have a short salt string but not a short password',
    '$6$rounds=77777$short$WuQyW2YR.hBNpjjRhpYD/ifIw05xdfeEyQoMxIXbkvr0gge1a1x3yRULJ5CCaUeOxFmtlcGZelFl5CxtgfiAc0',
  ],
]

test('hashes are those of the specification', () => {
  for (const [password, hash] of VECTORS) {
    expect(isSha512CryptOf(hash, password)).toBe(true)
    expect(isSha512CryptOf(hash, `${password} `)).toBe(false)
  }
})

test('a new hash has a salt of its own and is verified', () => {
  const [a, b] = [sha512Crypt('pässword'), sha512Crypt('pässword')]
  expect(a).not.toBe(b)
  expect(hasHash('pässword', a)).toBe(true)
  expect(hasHash('pässword', a)).toBe(true)
  expect(hasHash('password', a)).toBe(false)
})

test('hashes of other kinds, locked ones, and those that would take hours are of no password', () => {
  const [, hash] = VECTORS[0] ?? ['', '']
  const others = [
    '',
    '!',
    '*',
    `!${hash}`,
    `${hash}x`,
    hash.replace('$6$', '$5$'),
    '$y$j9T$salt$hash',
    '$6$rounds=999999999$salt$',
  ]
  for (const other of others) expect(isSha512CryptOf(other, 'Hello world!')).toBe(false)
  expect(isSha512CryptOf(hash.replace('$6$', '$6$rounds=999999999$'), 'Hello world!')).toBe(false)
})
