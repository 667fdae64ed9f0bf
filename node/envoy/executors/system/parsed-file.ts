import { type BigIntStats, constants } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { codeOf } from '#node/kit'
import { ExecutorError } from '../errors.ts'
import { fileError } from '../safe-files/index.ts'

const MAX_BYTES = 128 * 2 ** 20
const MAX_FILES = 32

/** What says that something on disk is still the same, without reading it. */
export async function stampOf(paths: readonly string[]): Promise<string> {
  const stamps = await Promise.all(
    paths.map(path => stat(path, { bigint: true }).then(stampOfStats, error => codeOf(error) ?? 'unreadable')),
  )
  return stamps.join('\n')
}

/**
 * Files of the system that every check of a run looks into, parsed once and again only after they changed. What is not there is parsed as
 * an empty text.
 */
export class ParsedFile<T> {
  readonly #parse: (text: string) => T
  readonly #known = new Map<string, { readonly stamp: string; readonly value: T }>()

  constructor(parse: (text: string) => T) {
    this.#parse = parse
  }

  /** @throws ExecutorError */
  async read(path: string): Promise<T> {
    const known = this.#known.get(path)
    if (known !== undefined && known.stamp === (await stampOf([path]))) return known.value
    const { text, stamp } = await textOf(path)
    const value = this.#parse(text)
    this.#known.delete(path)
    this.#known.set(path, { stamp, value })
    for (const oldest of this.#known.keys()) if (this.#known.size > MAX_FILES) this.#known.delete(oldest)
    return value
  }
}

/** Text and stamp of the same file, even while another takes its place. */
async function textOf(path: string): Promise<{ text: string; stamp: string }> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const stats = await file.stat({ bigint: true })
      if (stats.size > MAX_BYTES) {
        throw new ExecutorError('failed', `${path} has ${stats.size} bytes; at most ${MAX_BYTES} are read`)
      }
      return { text: await file.readFile('utf8'), stamp: stampOfStats(stats) }
    } finally {
      await file.close()
    }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { text: '', stamp: 'ENOENT' }
    throw fileError(error, `reading ${path}`)
  }
}

function stampOfStats({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${ino} ${size} ${mtimeNs} ${ctimeNs}`
}
