import { createHash } from 'node:crypto'
import { randomBytesOf } from './content.ts'
import { KiB } from './types.ts'

export interface RepositoryMember {
  readonly name: string
  readonly sha: string
  readonly sizeBytes: number
}

const BLOCK_BYTES = 512

/**
 * A package repository as `tar` would pack it: an index that names every package with size and hash, then a pool of packages
 * of 20 KiB to 4 MiB (log-uniform, fixed by their number) with bytes that do not compress. Packages in `newer` have a
 * higher version, other bytes and a slightly different size.
 */
export function packageRepository(options: { packages: number; newer: readonly number[] }): {
  tar: Uint8Array
  members: RepositoryMember[]
} {
  const pool = Array.from({ length: options.packages }, (_, number) =>
    packageOf(number, options.newer.includes(number)),
  )
  const index = Buffer.from(pool.map(({ stanza }) => stanza).join('\n'))
  const release = Buffer.from(
    `Suite: stable\nSHA256:\n ${sha256(index)} ${index.byteLength} main/binary-amd64/Packages\n`,
  )
  const files = [
    { name: 'dists/stable/Release', bytes: release },
    { name: 'dists/stable/main/binary-amd64/Packages', bytes: index },
    ...pool,
  ]
  return {
    tar: Buffer.concat([...files.flatMap(tarMember), Buffer.alloc(2 * BLOCK_BYTES)]),
    members: files.map(({ name, bytes }) => ({ name, sha: sha256(bytes), sizeBytes: bytes.byteLength })),
  }
}

function packageOf(number: number, newer: boolean): { name: string; bytes: Buffer; stanza: string } {
  const version = newer ? '1.1' : '1.0'
  const share = ((number * 0.618034) % 1) ** 1
  const sizeBytes = Math.round(20 * KiB * (4096 / 20) ** share) + (newer ? 1234 : 0)
  const bytes = Buffer.from(randomBytesOf(`package ${number} ${version}`, sizeBytes))
  const name = `pool/main/p/package-${number}/package-${number}_${newer ? '1.1' : '1.0'}_amd64.deb`
  const stanza = [
    `Package: package-${number}`,
    `Version: ${version}`,
    'Architecture: amd64',
    'Maintainer: Nobody <nobody@example.org>',
    `Filename: ${name}`,
    `Size: ${sizeBytes}`,
    `SHA256: ${sha256(bytes)}`,
    `Description: package number ${number} of a repository that exists to be measured`,
    '',
  ].join('\n')
  return { name, bytes, stanza }
}

/** A ustar header, the bytes, and zeros up to the next block. */
function tarMember({ name, bytes }: { name: string; bytes: Uint8Array }): Uint8Array[] {
  const header = Buffer.alloc(BLOCK_BYTES)
  header.write(name, 0)
  header.write('0000644\0' + '0000000\0' + '0000000\0', 100)
  header.write(`${bytes.byteLength.toString(8).padStart(11, '0')}\0${'0'.repeat(11)}\0        0`, 124)
  header.write('ustar\x0000', 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return [header, bytes, Buffer.alloc((BLOCK_BYTES - (bytes.byteLength % BLOCK_BYTES)) % BLOCK_BYTES)]
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
