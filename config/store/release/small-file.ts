import { open } from 'node:fs/promises'
import { codeOf } from '#node/kit'
import { explained } from './errors.ts'

/** The text of a file, cut off after `maxBytes`; null when it is not there. */
export async function readSmallFile(path: string, maxBytes: number): Promise<string | null> {
  return await explained(`read ${path}`, async () => {
    try {
      await using file = await open(path, 'r')
      const buffer = Buffer.alloc(Math.min((await file.stat()).size, maxBytes))
      const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, 0)
      return buffer.toString('utf8', 0, bytesRead)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return null
      throw error
    }
  })
}
