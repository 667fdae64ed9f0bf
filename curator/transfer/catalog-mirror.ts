import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Catalog } from '#curator/catalog'
import { type Clock, isAbort, type Logger, messageOf, TaskGroup, writeFileAtomic } from '#node/kit'
import type { PuddleDirectory } from '#swarm/puddle'

/** A burst of publications is written once. */
const QUIET_MS = 2_000

/** Keeps `artifacts/catalog.json`, the whole catalog for programs on this machine that do not talk to the agent. */
export class CatalogMirror {
  readonly #options: CatalogMirrorOptions
  readonly #stop = new AbortController()
  readonly #tasks: TaskGroup
  readonly #unsubscribe: () => void
  #due = false

  constructor(options: CatalogMirrorOptions) {
    this.#options = options
    this.#tasks = new TaskGroup(error => {
      if (!isAbort(error)) options.logger.warn('catalog-mirror-failed', { reason: messageOf(error) })
    })
    this.#unsubscribe = options.catalog.onChange(() => this.#schedule())
    this.#schedule()
  }

  async close(): Promise<void> {
    this.#unsubscribe()
    this.#stop.abort()
    await this.#tasks.settled()
    if (this.#due) await this.#write()
  }

  #schedule(): void {
    if (this.#due) return
    this.#due = true
    this.#tasks.run(async () => {
      await this.#options.clock.sleep(QUIET_MS, { signal: this.#stop.signal })
      await this.#write()
    })
  }

  async #write(): Promise<void> {
    this.#due = false
    const { catalog, directory, folder } = this.#options
    const artifacts = [...catalog.artifacts()].map(({ id, view, heads }) => ({
      id,
      puddle: directory.nameOf(view.founder),
      ...view,
      heads: heads.map(head => head.hash),
    }))
    await mkdir(folder, { recursive: true, mode: 0o755 })
    await writeFileAtomic(join(folder, 'catalog.json'), `${JSON.stringify({ format: 1, artifacts })}\n`)
  }
}

export interface CatalogMirrorOptions {
  catalog: Catalog
  directory: PuddleDirectory
  folder: string
  clock: Clock
  logger: Logger
}
