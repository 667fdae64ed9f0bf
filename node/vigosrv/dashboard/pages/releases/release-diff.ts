import { unifiedDiff } from '#config/publish'
import {
  type Changes,
  type ConfigStore,
  changesBetween,
  diffEntries,
  loadConfig,
  type ReleaseHash,
  type Releases,
  renderReleaseDiff,
  type TreeFile,
} from '#config/store'

/** What a release changed: file by file, and for a made-up host of each entry. */
export interface ShownDiff {
  readonly changes: Changes
  readonly files: readonly { readonly path: string; readonly text: string }[]
  /** How many more files differ. */
  readonly filesLeftOut: number
  /** Null where one of the releases cannot be compiled, or is too large to be compiled for a page. */
  readonly hosts: string | null
}

const MAX_FILES = 40
/** Both trees are loaded and compiled for a page. */
const MAX_COMPILED_FILES = 2_000
const KEPT = 16

/** Differences of releases never change, so the last ones are kept. */
export class ReleaseDiffs {
  readonly #releases: Pick<Releases, 'tree'>
  readonly #known = new Map<string, Promise<ShownDiff>>()

  constructor(releases: Pick<Releases, 'tree'>) {
    this.#releases = releases
  }

  /** `before` null: everything is new. @throws ReleaseError 'no-release' when files of one are no longer kept */
  async between(before: ReleaseHash | null, after: ReleaseHash, options: { signal?: AbortSignal }): Promise<ShownDiff> {
    const key = `${before ?? ''} ${after}`
    const known = this.#known.get(key)
    if (known !== undefined) return await known
    const made = this.#make(before, after, options)
    this.#known.set(key, made)
    made.catch(() => this.#known.delete(key))
    for (const old of this.#known.keys()) if (this.#known.size > KEPT) this.#known.delete(old)
    return await made
  }

  async #make(
    before: ReleaseHash | null,
    after: ReleaseHash,
    { signal }: { signal?: AbortSignal },
  ): Promise<ShownDiff> {
    const old = before === null ? [] : (await this.#releases.tree(before, { signal })).files
    const now = (await this.#releases.tree(after, { signal })).files
    const changes = changesBetween(old, now)
    const paths = [...changes.added, ...changes.changed, ...changes.removed].toSorted()
    const [oldTexts, newTexts] = [textsOf(old), textsOf(now)]
    return {
      changes,
      files: paths
        .slice(0, MAX_FILES)
        .map(path => ({ path, text: unifiedDiff(path, oldTexts.get(path) ?? '', newTexts.get(path) ?? '') })),
      filesLeftOut: Math.max(0, paths.length - MAX_FILES),
      hosts: old.length + now.length > MAX_COMPILED_FILES ? null : hostsChanged(old, now),
    }
  }
}

function textsOf(files: readonly TreeFile[]): Map<string, string> {
  const decoder = new TextDecoder()
  return new Map(files.map(({ path, bytes }) => [path, decoder.decode(bytes)]))
}

function hostsChanged(before: readonly TreeFile[], after: readonly TreeFile[]): string | null {
  const [old, now] = [storeOf(before), storeOf(after)]
  return old.hasErrors || now.hasErrors ? null : renderReleaseDiff(diffEntries(old, now))
}

function storeOf(files: readonly TreeFile[]): ConfigStore {
  return loadConfig(Array.from(textsOf(files), ([path, text]) => ({ path, text })))
}
