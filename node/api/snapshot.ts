import { ByteReader, concatBytes, encodeBlock, encodeText, encodeVarint } from '#node/kit'
import { ApiError } from './errors.ts'

export interface SnapshotFile {
  readonly path: string
  readonly bytes: Uint8Array
}

/** What `config publish` uploads to a server that shares its configuration: the release, and the sources it was made of. */
export interface SnapshotFiles {
  readonly live: readonly SnapshotFile[]
  readonly stacks: readonly SnapshotFile[]
}

export const MAX_SNAPSHOT_BYTES = 256 * 2 ** 20
const MAX_FILES = 100_000
const MAX_PATH = 1024
const MAX_FILE_BYTES = 64 * 2 ** 20

/** `byte 1`, then for the release and for the sources: count, and text path, block of bytes for each file. */
export function encodeSnapshot({ live, stacks }: SnapshotFiles): Uint8Array {
  return concatBytes(Uint8Array.of(1), ...encodeFiles(live), ...encodeFiles(stacks))
}

/** @throws ApiError 'bad-request' for anything that `encodeSnapshot` does not make */
export function decodeSnapshot(bytes: Uint8Array): SnapshotFiles {
  try {
    const reader = new ByteReader(bytes)
    const format = reader.byte()
    if (format !== 1) throw new RangeError(`unknown format ${format}`)
    const snapshot = { live: decodeFiles(reader), stacks: decodeFiles(reader) }
    reader.end()
    return snapshot
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new ApiError('bad-request', `the upload is no snapshot of a configuration: ${error.message}`)
  }
}

function encodeFiles(files: readonly SnapshotFile[]): Uint8Array[] {
  return [encodeVarint(files.length), ...files.flatMap(({ path, bytes }) => [encodeText(path), encodeBlock(bytes)])]
}

function decodeFiles(reader: ByteReader): SnapshotFile[] {
  return Array.from({ length: reader.varint(MAX_FILES) }, () => ({
    path: reader.text(MAX_PATH),
    bytes: reader.block(MAX_FILE_BYTES),
  }))
}
