import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sha256Hex, writeFileAtomic } from '#node/kit'
import { TREE_LIMITS } from './limits.ts'
import { OWN_FILE_MODE, readOwnFile } from './own-file.ts'
import type { ReleasePlaces } from './places.ts'
import type { ReleaseHash } from './release-hash.ts'
import type { Stamp } from './stamp.ts'
import type { FileEntry } from './tree.ts'

/** SHA-256 of the files of one tree, by path, with the stamps that they had when they were read or written. */
export type Stamps = ReadonlyMap<string, { readonly sha256: string; readonly stamp: Stamp }>

const FORMAT = 'vigo/stamps/1'

/**
 * Changes with each start of the machine. After a loss of power a file may have the stamp of what was written last, and the content of
 * before: nothing is believed that was not seen since.
 */
const BOOT_ID = '/proc/sys/kernel/random/boot_id'

const MAX_BYTES = TREE_LIMITS.maxFiles * 512

export function stampsOfRelease(places: ReleasePlaces, hash: ReleaseHash): string {
  return join(places.releases, `${hash}.stamps`)
}

/** Empty when there is nothing to be believed; never throws. */
export async function readStamps(file: string): Promise<Stamps> {
  const bytes = await readOwnFile(file, MAX_BYTES)
  try {
    return bytes === null ? new Map() : decode(bytes, bootId())
  } catch {
    return new Map()
  }
}

/** Files without a stamp are left out. Never throws: they are then read. */
export async function writeStamps(file: string, files: readonly FileEntry[]): Promise<void> {
  const rows = files.flatMap(({ path, sha256, stamp }): Row[] => {
    if (stamp === undefined) return []
    return [[path, sha256, stamp.inode, stamp.sizeBytes, stamp.modifiedAt, stamp.changedAt]]
  })
  const body = JSON.stringify(rows)
  try {
    await writeFileAtomic(file, headOf(body, bootId()) + body, { mode: OWN_FILE_MODE, durable: false })
  } catch {
    // There is no such folder, or no such machine.
  }
}

function bootId(): string {
  return readFileSync(BOOT_ID, 'ascii').trim()
}

type Row = readonly [
  path: string,
  sha256: string,
  inode: number,
  sizeBytes: number,
  modifiedAt: number,
  changedAt: number,
]

function headOf(body: Uint8Array | string, boot: string): string {
  return `${FORMAT} ${boot} ${sha256Hex(body)}\n`
}

function decode(bytes: Buffer, boot: string): Stamps {
  const start = bytes.indexOf('\n') + 1
  const body = bytes.subarray(start)
  if (bytes.toString('utf8', 0, start) !== headOf(body, boot)) return new Map()
  const rows = JSON.parse(body.toString('utf8')) as readonly Row[]
  return new Map(
    rows.map(([path, sha256, inode, sizeBytes, modifiedAt, changedAt]) => {
      return [path, { sha256, stamp: { inode, sizeBytes, modifiedAt, changedAt } }]
    }),
  )
}
