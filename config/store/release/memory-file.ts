import { sha256Hex, writeFileAtomic } from '#node/kit'
import { OWN_FILE_MODE, readOwnFile } from './own-file.ts'
import type { ReleasePlaces } from './places.ts'

/*
 * What a checker remembers of other runs. A hint that is believed: a file of one's own, whole, and made by the same program. Anything else is
 * as good as none.
 */

export type MemoryRecords = ReadonlyMap<string, string>

const FORMAT = 'vigo/checked/1'
const MAX_BYTES = 256 * 1024 * 1024

/** No record has these: records are JSON and words. */
const BETWEEN_RECORDS = '\u001e'
const BEHIND_KEY = '\u001f'

/** `version`: of the program whose findings are meant. Empty when there is nothing to be believed; never throws. */
export async function readMemory(places: ReleasePlaces, version: string): Promise<MemoryRecords> {
  const bytes = await readOwnFile(places.memory, MAX_BYTES)
  return bytes === null ? new Map() : decode(bytes, version)
}

/** In one step, so that of two at once one counts. Never throws: the next run then takes longer. */
export async function writeMemory(places: ReleasePlaces, version: string, records: MemoryRecords): Promise<void> {
  const lines = Array.from(records, ([key, value]) => key + BEHIND_KEY + value)
  const body = Buffer.from(lines.join(BETWEEN_RECORDS))
  const bytes = Buffer.concat([Buffer.from(headOf(version, body)), body])
  if (bytes.byteLength > MAX_BYTES) return
  await writeFileAtomic(places.memory, bytes, { mode: OWN_FILE_MODE, durable: false }).catch(() => undefined)
}

function headOf(version: string, body: Uint8Array): string {
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
