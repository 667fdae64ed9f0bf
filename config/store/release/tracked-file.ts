import { isUtf8 } from 'node:buffer'
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, type Stats } from 'node:fs'
import { codeOf, formatSize, sha256Hex } from '#node/kit'
import { ReleaseError } from './errors.ts'
import { isStamped, type Stamp, stampOf } from './stamp.ts'
import type { Stamps } from './stamps-file.ts'
import type { TreeFile } from './tree.ts'

/** A problem's code, what a person reads after the path, and what to do. */
export interface FileProblem {
  readonly code: string
  readonly message: string
  readonly hint: string
}

// Without O_NONBLOCK, opening a pipe would wait for its other end.
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

export interface FileReading {
  /** A larger one is not read at all. */
  readonly maxBytes: number
  /** One of which it is false is a problem. */
  readonly isExpected?: ((stat: Stats) => boolean) | undefined
  /** Gives a file of the `device` its stamp, and does not read it when that is the one that is here. */
  readonly stamps?: { readonly known: Stamps; readonly device: number } | undefined
}

/**
 * Reads one regular file. Synchronous: a tree has thousands of small files, and three hops through the thread pool for each cost ten
 * times the reading.
 */
export function readTrackedFile(absolute: string, path: string, reading: FileReading): TreeFile | FileProblem {
  const known = knownFile(absolute, path, reading)
  if (known !== undefined) return known
  let fd: number
  try {
    fd = openSync(absolute, FLAGS)
  } catch (error) {
    return openProblem(error)
  }
  try {
    const stat = fstatSync(fd)
    if (reading.isExpected?.(stat) === false) return NOT_EXPECTED
    return readOpen(fd, stat, path, reading)
  } finally {
    closeSync(fd)
  }
}

/** Undefined for one that must be read. */
function knownFile(absolute: string, path: string, { stamps, isExpected }: FileReading): TreeFile | undefined {
  const known = stamps?.known.get(path)
  if (known === undefined) return undefined
  const stat = lstatSync(absolute, { throwIfNoEntry: false })
  if (stat === undefined || !stat.isFile() || !isStamped(stat, known.stamp) || isExpected?.(stat) === false) {
    return undefined
  }
  return new UnreadFile(absolute, path, known)
}

class UnreadFile implements TreeFile {
  readonly path: string
  readonly sha256: string
  readonly stamp: Stamp
  readonly #absolute: string
  #bytes: Uint8Array | undefined

  constructor(absolute: string, path: string, { sha256, stamp }: { sha256: string; stamp: Stamp }) {
    this.path = path
    this.sha256 = sha256
    this.stamp = stamp
    this.#absolute = absolute
  }

  get bytes(): Uint8Array {
    this.#bytes ??= this.#read()
    return this.#bytes
  }

  #read(): Uint8Array {
    const read = readTrackedFile(this.#absolute, this.path, { maxBytes: this.stamp.sizeBytes })
    if ('bytes' in read && read.sha256 === this.sha256) return read.bytes
    throw new ReleaseError('changed-meanwhile', `'${this.path}' was changed while it was published; run this again`, {
      context: { path: this.path },
    })
  }
}

function readOpen(fd: number, stat: Stats, path: string, { maxBytes, stamps }: FileReading): TreeFile | FileProblem {
  if (!stat.isFile()) return NOT_A_FILE
  if (stat.size > maxBytes) return tooLarge(stat.size, maxBytes)
  // By the clock from before it is read: what is written after that then has another time.
  const stamp = stat.dev === stamps?.device ? stampOf(stat, Date.now()) : undefined
  // Room for one more than it should have: a read that has all and asked for more has met the end.
  const buffer = Buffer.allocUnsafe(stat.size + 1)
  let length = 0
  for (let count = -1; count !== 0 && length < stat.size; length += count) {
    count = readSync(fd, buffer, length, buffer.byteLength - length, null)
  }
  if (length > stat.size) return GREW
  const bytes = buffer.subarray(0, length)
  if (!isUtf8(bytes) || bytes.includes(0)) return NOT_TEXT
  return { path, bytes, sha256: sha256Hex(bytes), ...(stamp === undefined ? {} : { stamp }) }
}

export const NOT_A_FILE: FileProblem = {
  code: 'not-a-file',
  message: 'is a pipe, socket or device, not a file',
  hint: 'remove it, or give it a name that does not end in .vgo or .tmpl',
}

const NOT_EXPECTED: FileProblem = {
  code: 'not-as-written',
  message: 'has another owner, group, mode or name than it was written with',
  hint: 'remove it',
}

const NOT_TEXT: FileProblem = {
  code: 'not-text',
  message: 'is not text: it has bytes that are not UTF-8, or zero bytes',
  hint: 'save it as UTF-8; binary content belongs in an artifact, not in the configuration',
}

const GREW: FileProblem = {
  code: 'changed-meanwhile',
  message: 'was written to while it was read',
  hint: 'wait until its writer is done, then run this again',
}

function tooLarge(sizeBytes: number, maxBytes: number): FileProblem {
  return {
    code: 'file-too-large',
    message: `has ${sizeBytes} bytes; a file of the configuration has at most ${maxBytes} (${formatSize(maxBytes)})`,
    hint: 'split it, or publish its content as an artifact and refer to that',
  }
}

function openProblem(error: unknown): FileProblem {
  const code = codeOf(error) ?? 'unknown'
  if (code === 'ENOENT') return { ...GREW, message: 'was removed while the tree was read' }
  if (code === 'ELOOP') return { ...GREW, message: 'was replaced by a symbolic link while the tree was read' }
  if (code === 'ENXIO') return NOT_A_FILE
  return unreadable(code)
}

export function unreadable(code: string): FileProblem {
  return {
    code: 'unreadable',
    message: `cannot be read (${code})`,
    hint: 'give the publishing user permission to read it, or remove it',
  }
}
