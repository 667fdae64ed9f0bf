/**
 * Buffers that their owner wants back. What is sent crosses several queues as views of the same memory, so the last of
 * them, which hands the bytes to the system, knows a loan by its ArrayBuffer. Bytes that are dropped on the way, or that
 * leave through another door, never end their loan: the buffer is then left to the garbage collector.
 */
interface Loan {
  bytesLeft: number
  readonly over: () => void
}

const loans = new WeakMap<ArrayBufferLike, Loan>()

/** `over` is called once all bytes of the part were handed to the system. No other loan may share its ArrayBuffer. */
export function lend(part: Uint8Array, over: () => void): void {
  loans.set(part.buffer, { bytesLeft: part.byteLength, over })
}

export function isLent(piece: Uint8Array): boolean {
  return loans.has(piece.buffer)
}

/** The piece's bytes may be changed from here on. */
export function handedOver(piece: Uint8Array): void {
  const loan = loans.get(piece.buffer)
  if (loan === undefined) return
  loan.bytesLeft -= piece.byteLength
  if (loan.bytesLeft > 0) return
  loans.delete(piece.buffer)
  loan.over()
}
