import { randomBytes } from 'node:crypto'
import { readlink, rename, rm, symlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { codeOf, syncFolder } from '#node/kit'
import { explained, ReleaseError, releaseFault } from './errors.ts'
import { LIVE_PREFIX, type ReleasePlaces } from './places.ts'
import { isReleaseHash, type ReleaseHash } from './release-hash.ts'

/**
 * The release that `.live` points at, null before the first publish. A reader asks once and then reads `releases/<hash>`, so that it
 * sees one whole release whatever is published meanwhile.
 *
 * @throws ReleaseError 'bad-live', 'no-permission'
 */
export async function readLive(places: ReleasePlaces): Promise<ReleaseHash | null> {
  let target: string
  try {
    target = await readlink(places.live)
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT') return null
    if (code === 'EINVAL') throw badLive(places, 'is not a symbolic link')
    throw releaseFault(error, `read ${places.live}`)
  }
  const hash = basename(target)
  if (!isReleaseHash(hash) || (target !== linkTarget(places, hash) && target !== releaseFolder(places, hash))) {
    throw badLive(places, `points at ${JSON.stringify(target.slice(0, 200))}, which is no release`)
  }
  return hash
}

/** One rename: every reader sees the release before, or this one. Durable when it returns. */
export async function swapLive(places: ReleasePlaces, hash: ReleaseHash): Promise<void> {
  const temporary = join(places.home, `${LIVE_PREFIX}${randomBytes(6).toString('hex')}`)
  await explained(`change ${places.live}`, async () => {
    try {
      await symlink(linkTarget(places, hash), temporary)
      await rename(temporary, places.live)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
    await syncFolder(places.home)
  })
}

export function releaseFolder(places: ReleasePlaces, hash: ReleaseHash): string {
  return join(places.releases, hash)
}

/** Relative, so that it holds wherever `home` is mounted. */
function linkTarget(places: ReleasePlaces, hash: ReleaseHash): string {
  return join(basename(places.releases), hash)
}

function badLive(places: ReleasePlaces, what: string): ReleaseError {
  return new ReleaseError(
    'bad-live',
    `${places.live} ${what}; it must be a link to releases/<hash>. Move it away (mv ${places.live} ${places.live}.old) and publish`,
  )
}
