import { createHash, type Hash } from 'node:crypto'
import { readSync, writeSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import type { Chunker as ChunkerType } from '#swarm/chunk'
import type { CutChunk, SharedSlice, Task, TaskMessage, TaskReply, TaskResult, TaskType } from './tasks.ts'

// The kit and the chunk folder's door are left out on purpose: they would double the time and memory of a thread's start.
const { Chunker }: { Chunker: typeof ChunkerType } = await import(workerData.chunkerModule)

const PIECE_BYTES = 512 * 1024
const STEP_BYTES = 128 * 1024

interface Running {
  hash: Hash
  /** Hashed so far. */
  bytes: number
}

interface Cutter {
  readonly chunker: ChunkerType
  hash: Hash
}

const hashes = new Map<number, Running>()
const cutters = new Map<number, Cutter>()
let scratch: Buffer | undefined

const view = (slice: SharedSlice): Uint8Array => new Uint8Array(slice.buffer, slice.offset, slice.length)

function run(task: Task): TaskResult[TaskType] {
  switch (task.type) {
    case 'keep-chunk':
      return keepChunk(task)
    case 'verify':
      return hashOfFile(task.fd, task.position, task.length) === task.sha
    case 'copy-chunk':
      return copyChunk(task)
    case 'hash-file': {
      const running = runningHash(task.session)
      if (running.bytes === task.position) {
        eachPiece(task.fd, task.position, task.length, piece => void running.hash.update(piece))
        running.bytes += task.length
      }
      return running.bytes
    }
    case 'hash-memory': {
      const bytes = view(task.slice)
      if (task.fd !== undefined) writeFully(task.fd, bytes, task.position ?? 0)
      const running = runningHash(task.session)
      running.hash.update(bytes)
      running.bytes += bytes.byteLength
      return null
    }
    case 'hash-end': {
      const digest = runningHash(task.session).hash.digest('hex')
      hashes.delete(task.session)
      return digest
    }
    case 'cut-memory':
      return cut(cutterOf(task.session), view(task.slice))
    case 'cut-file': {
      const cutter = cutterOf(task.session)
      const chunks: CutChunk[] = []
      eachPiece(task.fd, task.position, task.length, piece => void chunks.push(...cut(cutter, piece)))
      return chunks
    }
    case 'cut-end': {
      const cutter = cutterOf(task.session)
      cutters.delete(task.session)
      const length = cutter.chunker.finish()
      return length === 0 ? [] : [{ sha: cutter.hash.digest('hex'), length }]
    }
    case 'drop':
      hashes.delete(task.session)
      cutters.delete(task.session)
      return null
  }
}

function runningHash(session: number): Running {
  let running = hashes.get(session)
  if (running === undefined) {
    running = { hash: createHash('sha256'), bytes: 0 }
    hashes.set(session, running)
  }
  return running
}

/** Both hashes go over the bytes in small steps, so that the second finds them in the core's cache. */
function keepChunk({
  session,
  slice,
  sha,
  fd,
  position,
}: Extract<Task, { type: 'keep-chunk' }>): TaskResult['keep-chunk'] {
  const bytes = view(slice)
  const running = runningHash(session)
  const ofBlob = running.bytes === position ? running.hash.copy() : null
  const ofChunk = createHash('sha256')
  for (let at = 0; at < bytes.byteLength; at += STEP_BYTES) {
    const step = bytes.subarray(at, at + STEP_BYTES)
    ofChunk.update(step)
    ofBlob?.update(step)
  }
  const right = ofChunk.digest('hex') === sha
  if (right) writeFully(fd, bytes, position)
  if (right && ofBlob !== null) {
    running.hash = ofBlob
    running.bytes += bytes.byteLength
  }
  return { right, hashedBytes: running.bytes }
}

function cutterOf(session: number): Cutter {
  let cutter = cutters.get(session)
  if (cutter === undefined) {
    cutter = { chunker: new Chunker(), hash: createHash('sha256') }
    cutters.set(session, cutter)
  }
  return cutter
}

function cut(cutter: Cutter, bytes: Uint8Array): CutChunk[] {
  const chunks: CutChunk[] = []
  let start = 0
  let before = cutter.chunker.pendingBytes
  for (const end of cutter.chunker.boundaries(bytes)) {
    cutter.hash.update(bytes.subarray(start, end))
    chunks.push({ sha: cutter.hash.digest('hex'), length: before + end - start })
    cutter.hash = createHash('sha256')
    start = end
    before = 0
  }
  if (start < bytes.byteLength) cutter.hash.update(bytes.subarray(start))
  return chunks
}

function copyChunk(task: Extract<Task, { type: 'copy-chunk' }>): boolean {
  const hash = createHash('sha256')
  let at = task.toPosition
  const whole = eachPiece(task.fd, task.position, task.length, piece => {
    hash.update(piece)
    writeFully(task.toFd, piece, at)
    at += piece.byteLength
  })
  return whole && hash.digest('hex') === task.sha
}

function hashOfFile(fd: number, position: number, length: number): string | null {
  const hash = createHash('sha256')
  return eachPiece(fd, position, length, piece => void hash.update(piece)) ? hash.digest('hex') : null
}

/** False when the file ends before the range does. */
function eachPiece(fd: number, position: number, length: number, use: (piece: Uint8Array) => void): boolean {
  scratch ??= Buffer.allocUnsafeSlow(PIECE_BYTES)
  for (let done = 0; done < length; ) {
    const count = readSync(fd, scratch, 0, Math.min(PIECE_BYTES, length - done), position + done)
    if (count === 0) return false
    use(scratch.subarray(0, count))
    done += count
  }
  return true
}

function writeFully(fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.byteLength; ) {
    done += writeSync(fd, bytes, done, bytes.byteLength - done, position + done)
  }
}

parentPort?.on('message', ({ id, task }: TaskMessage) => {
  let reply: TaskReply
  try {
    reply = { id, result: run(task) }
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException
    reply = { id, error: { message, code } }
  }
  parentPort?.postMessage(reply)
})
