import type { FileHandle } from 'node:fs/promises'

const PIECE_BYTES = 1024 * 1024

/**
 * A file as a stream for `ingest`, from its start to its end. Every piece is the same buffer filled anew, so that nothing becomes
 * garbage: the consumer must be done with a piece before it asks for the next. The caller closes the file.
 */
export async function* filePieces(file: FileHandle): AsyncGenerator<Uint8Array, void> {
  const buffer = Buffer.allocUnsafeSlow(PIECE_BYTES)
  for (let position = 0; ; ) {
    const { bytesRead } = await file.read(buffer, 0, PIECE_BYTES, position)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
    position += bytesRead
  }
}
