import { mkdir, readFile, rm } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import type { PlatformBlob } from '#curator/catalog'
import { codeOf, isHex, KeyedMutex, type Logger, writeFileAtomic } from '#node/kit'

/** One artifact file that lies ready for use on this machine. */
export interface ShelfItem {
  readonly artifact: string
  readonly name: string
  readonly version: string
  readonly platform: string
  readonly blobSha: string
  readonly sizeBytes: number
  readonly path: string
  /** Unix ms. */
  readonly pulledAt: number
}

interface CacheFile {
  readonly format: 1
  /** By alias: `<artifact id>/<name>@<version>` and `<artifact id>/<name>:<tag>`, each followed by `#<os>-<arch>`. */
  readonly entries: Readonly<Record<string, ShelfItem>>
}

/**
 * The folder `artifacts/` that programs on this machine read: `<artifact id>/<name>/<version>/<os>-<arch>`, with `cache.json`,
 * which lists what is there under each of its names. Names, versions and platforms are checked when an entry is parsed, so
 * that they are safe as path components.
 */
export class Shelf {
  readonly #folder: string
  readonly #logger: Logger
  readonly #mutex = new KeyedMutex()

  constructor(options: { folder: string; logger: Logger }) {
    this.#folder = options.folder
    this.#logger = options.logger
  }

  path(artifact: string, name: string, version: string, blob: PlatformBlob): string {
    if (!isHex(artifact, 32)) throw new RangeError('artifact id is not 64 hex digits')
    return join(this.#folder, artifact, name, version, `${blob.os}-${blob.arch}`)
  }

  async prepare(path: string): Promise<void> {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 })
  }

  /** Records an item under its version and the given tags; a tag that pointed elsewhere moves. */
  async record(item: ShelfItem, tags: readonly string[]): Promise<void> {
    await this.#change(entries => {
      const aliases = [`@${item.version}`, ...tags.map(tag => `:${tag}`)]
      for (const alias of aliases) entries[`${item.artifact}/${item.name}${alias}#${item.platform}`] = item
    })
  }

  /** Everything on the shelf, each file once. */
  async items(): Promise<ShelfItem[]> {
    const { entries } = await this.#read()
    return [...new Map(Object.values(entries).map(item => [item.path, item])).values()]
  }

  /** Takes files off the shelf, with all their names. */
  async remove(items: readonly ShelfItem[]): Promise<void> {
    const paths = new Set(items.map(item => item.path))
    await this.#change(entries => {
      for (const [alias, item] of Object.entries(entries)) if (paths.has(item.path)) delete entries[alias]
    })
    for (const path of paths) {
      const inside = relative(this.#folder, path)
      if (inside.startsWith('..')) continue
      await rm(path, { force: true })
    }
  }

  async #change(edit: (entries: Record<string, ShelfItem>) => void): Promise<void> {
    await this.#mutex.run('cache', async () => {
      const entries = { ...(await this.#read()).entries }
      edit(entries)
      await mkdir(this.#folder, { recursive: true, mode: 0o755 })
      const file: CacheFile = { format: 1, entries }
      await writeFileAtomic(join(this.#folder, 'cache.json'), `${JSON.stringify(file, null, 1)}\n`)
    })
  }

  async #read(): Promise<CacheFile> {
    const path = join(this.#folder, 'cache.json')
    try {
      const file: CacheFile = JSON.parse(await readFile(path, 'utf8'))
      if (file.format === 1 && typeof file.entries === 'object') return file
      throw new SyntaxError('unknown form')
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') {
        this.#logger.warn(
          'shelf-index-unreadable',
          { path },
          'cache.json cannot be read; it is written anew by the next pull',
        )
      }
      return { format: 1, entries: {} }
    }
  }
}
