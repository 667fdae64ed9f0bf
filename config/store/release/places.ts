import { join } from 'node:path'

/** Where one machine's configuration lives, below `home` (`/srv/vigo`). Links and locks need one file system for all but `stacks`. */
export interface ReleasePlaces {
  readonly home: string
  /** The operators' tree. */
  readonly stacks: string
  /** True where `stacks` is the folder of that name in `home`, whose mode publish sets. */
  readonly ownStacks: boolean
  /** A symbolic link to `releases/<hash>`. */
  readonly live: string
  readonly releases: string
  readonly history: string
  /** The entry of a release that is being made live. */
  readonly pending: string
  /** The trees of all releases that can be gone back to, in one file. */
  readonly archive: string
  /** What is left of the release that was live before: most files of the next one. */
  readonly spare: string
  readonly lock: string
  /** Who has the lock, for people. */
  readonly holder: string
  readonly freeze: string
  /** What the user who runs this has found without fault; what somebody else found is not believed. */
  readonly memory: string
  /** Of the operators' tree and of the spare, as the user who runs this read them; those of a release are beside it. */
  readonly stacksStamps: string
  readonly spareStamps: string
}

export const STAGING_PREFIX = '.staging-'
export const TRASH_PREFIX = '.trash-'
export const LIVE_PREFIX = '.live.tmp-'

/** `/srv/vigo` of the machine whose paths are below `root`. */
export function configHome(root: string): string {
  return join(root, 'srv/vigo')
}

/** `stacks`: another source tree than `<home>/stacks`, for example a checkout in a CI job. */
export function releasePlaces(home: string, stacks?: string): ReleasePlaces {
  const releases = join(home, 'releases')
  const user = process.geteuid?.() ?? 0
  return {
    home,
    stacks: stacks ?? join(home, 'stacks'),
    ownStacks: stacks === undefined,
    live: join(home, '.live'),
    releases,
    history: join(releases, 'history'),
    pending: join(releases, '.pending.json'),
    archive: join(releases, 'archive.sqlite'),
    spare: join(releases, '.spare'),
    lock: join(releases, '.lock'),
    holder: join(releases, '.publisher.json'),
    freeze: join(releases, 'freeze.json'),
    memory: join(releases, `.checked-${user}`),
    stacksStamps: join(releases, `.stacks-${user}.stamps`),
    spareStamps: join(releases, '.spare.stamps'),
  }
}
