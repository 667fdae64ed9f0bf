import { isUtf8 } from 'node:buffer'
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { codeOf, formatSize, sha256Hex } from '#node/kit'
import type { TreeFile } from './tree.ts'

/** A problem's code, what a person reads after the path, and what to do. */
export interface FileProblem {
  readonly code: string
  readonly message: string
  readonly hint: string
}

// Without O_NONBLOCK, opening a pipe would wait for its other end.
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/**
 * Reads one regular file of at most `maxBytes`. A larger one is not read at all. Synchronous: a tree has thousands of small files, and
 * three hops through the thread pool for each cost ten times the reading.
 */
export function readTrackedFile(
  absolute: string,
  path: string,
  maxBytes: number,
  isExpected?: (stat: Stats) => boolean,
): TreeFile | FileProblem {
  let fd: number
  try {
    fd = openSync(absolute, FLAGS)
  } catch (error) {
    return openProblem(error)
  }
  try {
    const stat = fstatSync(fd)
    if (isExpected?.(stat) === false) return NOT_EXPECTED
    return readOpen(fd, stat, path, maxBytes)
  } finally {
    closeSync(fd)
  }
}

function readOpen(fd: number, stat: Stats, path: string, maxBytes: number): TreeFile | FileProblem {
  if (!stat.isFile()) return NOT_A_FILE
  if (stat.size > maxBytes) return tooLarge(stat.size, maxBytes)
  // Room for one more than it should have: a read that has all and asked for more has met the end.
  const buffer = Buffer.allocUnsafe(stat.size + 1)
  let length = 0
  for (let count = -1; count !== 0 && length < stat.size; length += count) {
    count = readSync(fd, buffer, length, buffer.byteLength - length, null)
  }
  if (length > stat.size) return GREW
  const bytes = buffer.subarray(0, length)
  if (!isUtf8(bytes) || bytes.includes(0)) return NOT_TEXT
  return { path, bytes, sha256: sha256Hex(bytes) }
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
