import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { sha256Hex, writeFileAtomic } from '#node/kit'
import type { ReleasePlaces } from './places.ts'

/*
 * What a checker remembers of other runs. A hint that is believed, and so only from whoever runs this: a file of their own that nobody else
 * can write or has another name for, whole, and made by the same program. Anything else is as good as none.
 */

export type MemoryRecords = ReadonlyMap<string, string>

const FORMAT = 'vigo/checked/1'
const MAX_BYTES = 256 * 1024 * 1024

/** No record has these: records are JSON and words. */
const BETWEEN_RECORDS = '\u001e'
const BEHIND_KEY = '\u001f'

/** `version`: of the program whose findings are meant. Empty when there is nothing to be believed; never throws. */
export async function readMemory(places: ReleasePlaces, version: string): Promise<MemoryRecords> {
  try {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
    await using file = await open(places.memory, flags)
    return (await isOurs(file)) ? decode(await file.readFile(), version) : new Map()
  } catch {
    return new Map()
  }
}

/** In one step, so that of two at once one counts. Never throws: the next run then takes longer. */
export async function writeMemory(places: ReleasePlaces, version: string, records: MemoryRecords): Promise<void> {
  const body = Array.from(records, ([key, value]) => key + BEHIND_KEY + value).join(BETWEEN_RECORDS)
  const bytes = Buffer.from(`${headOf(version, body)}${body}`)
  if (bytes.byteLength > MAX_BYTES) return
  await writeFileAtomic(places.memory, bytes, { mode: 0o600, durable: false }).catch(() => undefined)
}

async function isOurs(file: FileHandle): Promise<boolean> {
  const stat = await file.stat()
  const isPrivate = stat.uid === process.geteuid?.() && (stat.mode & 0o7177) === 0
  return stat.isFile() && isPrivate && stat.nlink === 1 && stat.size <= MAX_BYTES
}

function headOf(version: string, body: Uint8Array | string): string {
  return `${FORMAT} ${version} ${sha256Hex(body)}\n`
}

function decode(bytes: Buffer, version: string): MemoryRecords {
  const start = bytes.indexOf('\n') + 1
  const body = bytes.subarray(start)
  if (bytes.toString('utf8', 0, start) !== headOf(version, body)) return new Map()
  return new Map(
    body
      .toString('utf8')
      .split(BETWEEN_RECORDS)
      .map(record => {
        const end = record.indexOf(BEHIND_KEY)
        return [record.slice(0, end), record.slice(end + 1)]
      }),
  )
}
