import type { Sha256Hex } from '#swarm/chunk'

/** A view over shared memory as it crosses the thread boundary: only the reference travels. */
export interface SharedSlice {
  readonly buffer: SharedArrayBuffer
  readonly offset: number
  readonly length: number
}

/**
 * What a worker thread does for the event loop. File descriptors belong to the process, so the number alone is enough; the
 * asker keeps the file open until the answer came. `session` names a running hash or chunker that lives in one worker.
 */
export type Task =
  /**
   * Writes the bytes at `position` if they have the hash, and answers whether; those that begin where the running SHA-256 stands
   * are hashed into it too.
   */
  | {
      readonly type: 'keep-chunk'
      readonly session: number
      readonly slice: SharedSlice
      readonly sha: Sha256Hex
      readonly fd: number
      readonly position: number
    }
  /** Whether the bytes of the file have the hash. */
  | {
      readonly type: 'verify'
      readonly sha: Sha256Hex
      readonly fd: number
      readonly position: number
      readonly length: number
    }
  /** Copies a range between files; false when what was copied does not have the hash. */
  | {
      readonly type: 'copy-chunk'
      readonly sha: Sha256Hex
      readonly fd: number
      readonly position: number
      readonly length: number
      readonly toFd: number
      readonly toPosition: number
    }
  /** Goes on with a running SHA-256 over bytes of a file, if it stands at `position`; answers where it stands then. */
  | {
      readonly type: 'hash-file'
      readonly session: number
      readonly fd: number
      readonly position: number
      readonly length: number
    }
  /** Goes on with a running SHA-256 over bytes in memory, writing them first when `fd` is given. */
  | {
      readonly type: 'hash-memory'
      readonly session: number
      readonly slice: SharedSlice
      readonly fd?: number
      readonly position?: number
    }
  /** Ends a running SHA-256 and answers it. */
  | { readonly type: 'hash-end'; readonly session: number }
  /** Goes on cutting and hashing chunks: those that ended in these bytes. */
  | { readonly type: 'cut-memory'; readonly session: number; readonly slice: SharedSlice }
  | {
      readonly type: 'cut-file'
      readonly session: number
      readonly fd: number
      readonly position: number
      readonly length: number
    }
  | { readonly type: 'cut-end'; readonly session: number }
  /** Forgets a session, finished or not. */
  | { readonly type: 'drop'; readonly session: number }

export interface CutChunk {
  readonly sha: Sha256Hex
  readonly length: number
}

export type TaskType = Task['type']

export interface TaskResult {
  'keep-chunk': { readonly right: boolean; readonly hashedBytes: number }
  verify: boolean
  'copy-chunk': boolean
  'hash-file': number
  'hash-memory': null
  'hash-end': Sha256Hex
  'cut-memory': CutChunk[]
  'cut-file': CutChunk[]
  'cut-end': CutChunk[]
  drop: null
}

export interface TaskMessage {
  readonly id: number
  readonly task: Task
}

export type TaskReply =
  | { readonly id: number; readonly result: TaskResult[TaskType] }
  | { readonly id: number; readonly error: { readonly message: string; readonly code: string | undefined } }
