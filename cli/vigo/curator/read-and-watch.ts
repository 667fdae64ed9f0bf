import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { VigoError } from '#node/kit'

const PIECE_BYTES = 1024 * 1024
const PROGRESS_MS = 200

/**
 * The file's bytes as a stream, which fails at its end if the file was changed meanwhile: the bytes that were sent would be
 * neither the old file nor the new one.
 */
export function readAndWatch(file: FileHandle, path: string, onProgress: (bytesDone: number) => void): Readable {
  return Readable.from(pieces(), { objectMode: false, highWaterMark: 4 * PIECE_BYTES })

  async function* pieces(): AsyncIterable<Uint8Array> {
    const before = await file.stat({ bigint: true })
    const size = Number(before.size)
    let done = 0
    let shown = performance.now()
    while (done < size) {
      // Never more than was announced, also when the file grows.
      const wanted = Math.min(PIECE_BYTES, size - done)
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(wanted), 0, wanted, done)
      if (bytesRead === 0) break
      done += bytesRead
      if (done === size) await requireUnchanged(before)
      yield buffer.subarray(0, bytesRead)
      if (performance.now() - shown > PROGRESS_MS) {
        shown = performance.now()
        onProgress(done)
      }
    }
    await requireUnchanged(before)
    onProgress(done)
  }

  async function requireUnchanged(before: { size: bigint; mtimeNs: bigint; ino: bigint }): Promise<void> {
    const after = await file.stat({ bigint: true })
    if (after.size !== before.size || after.mtimeNs !== before.mtimeNs) {
      throw new VigoError(
        'file-changed',
        `${path} was changed while it was pushed; nothing is published, push again when it is still`,
      )
    }
  }
}
