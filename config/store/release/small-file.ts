import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { codeOf } from '#node/kit'
import { explained } from './errors.ts'

// Without O_NONBLOCK, opening a pipe would wait for its other end.
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK

/** The text of a file, cut off after `maxBytes`; null when it is not there. Reads at once: four hops through the thread pool take longer. */
export async function readSmallFile(path: string, maxBytes: number): Promise<string | null> {
  return await explained(`read ${path}`, async () => {
    try {
      return read(path, maxBytes)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return null
      throw error
    }
  })
}

function read(path: string, maxBytes: number): string {
  const file = openSync(path, FLAGS)
  try {
    const buffer = Buffer.alloc(Math.min(fstatSync(file).size, maxBytes))
    const bytesRead = readSync(file, buffer, 0, buffer.byteLength, 0)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    closeSync(file)
  }
}
