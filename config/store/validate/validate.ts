import type { Diagnostic } from '#config/lang'
import { comparePaths, type ReleaseCounts } from '../release/index.ts'
import type { ConfigStore, Memory } from '../tree/index.ts'
import { EntryCheck } from './entry-check.ts'
import { mergeDiagnostics } from './merge.ts'
import { literalUrls, type UrlUse } from './urls.ts'
import { cratePaths, unreferencedPaths } from './usage.ts'

/** What a publisher has to know of a whole tree. */
export interface Validation {
  /** Errors and warnings, sorted; what every entry would meet told once. */
  readonly diagnostics: readonly Diagnostic[]
  readonly counts: ReleaseCounts
  /** Paths of the files that are a configcrate or a usercrate. */
  readonly crates: ReadonlySet<string>
  /** Paths of the crates and templates that no carrier leads to. */
  readonly unreferenced: ReadonlySet<string>
  /** `source_package.url`, `repository.key_url`, `git.repo` of all crates. */
  readonly urls: readonly UrlUse[]
}

/**
 * Everything that can be wrong with a tree before any host asks: it is compiled for each entry as for machines of every family. What
 * traits would decide is kept, traits that no sample has are made up, and what follows from those is no error; a missing variable is.
 */
export function validate(store: ConfigStore, options: { readonly memory?: Memory | undefined } = {}): Validation {
  const found: Diagnostic[] = []
  const urls = literalUrls(store)
  if (!store.hasErrors) {
    const check = new EntryCheck(store, options.memory)
    for (const entry of store.entries) {
      if (found.length > MAX_FOUND) break
      const verdict = check.run(entry)
      found.push(...verdict.diagnostics)
      urls.push(...verdict.urls)
    }
    if (found.length === 0) check.keep()
  }
  return {
    diagnostics: found.length === 0 ? store.diagnostics : mergeDiagnostics([...store.diagnostics, ...found]),
    counts: store.counts,
    crates: cratePaths(store),
    unreferenced: unreferencedPaths(store),
    urls: distinct(urls),
  }
}

/** By path and place, whichever entries they were found for. */
function distinct(urls: readonly UrlUse[]): UrlUse[] {
  const all = new Map(urls.map(use => [`${use.span.file.path}\n${use.span.start}\n${use.url}`, use]))
  return Array.from(all.values()).toSorted(
    (a, b) =>
      comparePaths(a.span.file.path, b.span.file.path) || a.span.start - b.span.start || (a.url < b.url ? -1 : 1),
  )
}

/** Entries that meet the same errors have one cause; more of them say nothing new. */
const MAX_FOUND = 20_000
