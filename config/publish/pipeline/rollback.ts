import type { Diagnostic } from '#config/lang'
import type { Changes, HistoryEntry, Holder, Releases, Tree } from '#config/store'
import { VigoError } from '#node/kit'
import type { TreeChecker } from './checker.ts'
import { sourceTreeOf } from './source-tree.ts'

export interface RollbackOptions {
  readonly releases: Releases
  /** The release must still be valid for the program of today: a server would refuse it. */
  readonly checker: TreeChecker
  readonly author: string
  readonly reason: string
  /** A number (`12`, `#12`) or the hash of a release, or its beginning; what was live before when absent. */
  readonly to?: string | undefined
  /** Also while publishing is frozen. */
  readonly evenIfFrozen?: boolean
  readonly waitMs?: number
  readonly signal?: AbortSignal | undefined
  readonly onWait?: (holder: Holder | null) => void
}

export type RollbackResult =
  | { readonly outcome: 'rolled-back'; readonly entry: HistoryEntry; readonly changes: Changes }
  /** Nothing changed. `entry` is what should have been brought back. */
  | { readonly outcome: 'invalid'; readonly entry: HistoryEntry; readonly diagnostics: readonly Diagnostic[] }

/**
 * Makes an old release live again, as a new one. The operators' tree stays as it is: mend it before the next publish.
 *
 * @throws ReleaseError 'frozen', 'busy', 'no-release', 'already-live', 'damaged', 'bad-reason', 'disk-full', 'no-permission'
 */
export async function rollback(options: RollbackOptions): Promise<RollbackResult> {
  const { releases, waitMs, signal, onWait, author, reason, to, evenIfFrozen = false } = options
  const wait = waitMs === undefined ? {} : { waitMs }
  await using publisher = await releases.publisher({ doing: 'rollback', ...wait, onWait, signal })
  try {
    const check = (tree: Tree, entry: HistoryEntry) => refuseInvalid(options, tree, entry)
    const { entry, changes } = await publisher.rollback({ to, author, reason, evenIfFrozen, check })
    return { outcome: 'rolled-back', entry, changes }
  } catch (error) {
    if (error instanceof InvalidRelease)
      return { outcome: 'invalid', entry: error.entry, diagnostics: error.diagnostics }
    throw error
  }
}

async function refuseInvalid({ checker, signal }: RollbackOptions, tree: Tree, entry: HistoryEntry): Promise<void> {
  const { files, changed } = sourceTreeOf(tree.files, new Map())
  const { diagnostics } = await checker.check(files, { changed, signal })
  if (diagnostics.some(({ severity }) => severity === 'error')) throw new InvalidRelease(entry, diagnostics)
}

class InvalidRelease extends VigoError<'invalid-release'> {
  readonly entry: HistoryEntry
  readonly diagnostics: readonly Diagnostic[]

  constructor(entry: HistoryEntry, diagnostics: readonly Diagnostic[]) {
    super('invalid-release', `release ${entry.number} is not valid any more`)
    this.entry = entry
    this.diagnostics = diagnostics
  }
}
