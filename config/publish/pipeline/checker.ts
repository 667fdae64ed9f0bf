import type { Diagnostic, SourceFile } from '#config/lang'
import type { Memory, ReleaseCounts } from '#config/store'
import type { UrlUse } from '../probe/index.ts'

/**
 * What publish needs from the linter and the compiler. Both methods are pure: they neither read nor write files. They report
 * everything that they find, throw only when aborted, and may be called any number of times, also for different trees.
 */
export interface TreeChecker {
  /** What it need not look at again. It finds the same with any memory that a checker of its version had. */
  readonly memory: Memory

  /** Other text for other answers: of everything that they depend on but the files. */
  readonly version: string

  /** Whitespace, syntax, key order and labels of the sources, as edits that are proven to keep the values. */
  repair(files: readonly SourceFile[], context: CheckContext): Promise<Repairs>

  /** Everything that can be wrong with a whole tree, with what publish needs to know of it. */
  check(files: readonly SourceFile[], context: CheckContext): Promise<TreeVerdict>
}

export interface CheckContext {
  /** Paths of the sources that are not as they were when the live release was made of them; the others were repaired and checked then. */
  readonly changed: ReadonlySet<string>
  readonly signal: AbortSignal | undefined
}

export interface Repairs {
  /** New texts, by path, of files that change. */
  readonly edits: ReadonlyMap<string, string>
  /** Files that were not repaired, and why. */
  readonly diagnostics: readonly Diagnostic[]
}

export interface TreeVerdict {
  readonly diagnostics: readonly Diagnostic[]
  readonly counts: ReleaseCounts
  /** Paths of the files that are a configcrate or a usercrate: their comments are not released. */
  readonly crates: ReadonlySet<string>
  /** Paths of the crates and templates that nothing leads to which a host could match. */
  readonly unreferenced: ReadonlySet<string>
  /** What publish probes: `source_package.url`, `repository.key_url`, `git.repo`. Of all crates. */
  readonly urls: readonly UrlUse[]
}
