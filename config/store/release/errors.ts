import { codeOf, VigoError } from '#node/kit'

/**
 * - `no-folder`: the tree that should be read is not there, or is not a folder
 * - `bad-live`: `.live` is not a link to a release
 * - `no-release`: nothing of that name is kept
 * - `already-live`: the release is the one that is live
 * - `changed-meanwhile`: a file was changed between two looks at it
 * - `damaged`: the files of a release are not what was published
 * - `busy`: somebody else is publishing; the message names them
 * - `frozen`: publishing is frozen; the message says by whom, until when and why
 * - `bad-freeze`: a time that no freeze can have, or a freeze file that cannot be read
 * - `bad-reason`: an author or a reason that is too long or has control characters
 * - `no-permission`, `disk-full`: what the operating system said, and about which path
 */
export type ReleaseErrorCode =
  | 'no-folder'
  | 'bad-live'
  | 'no-release'
  | 'already-live'
  | 'changed-meanwhile'
  | 'damaged'
  | 'busy'
  | 'frozen'
  | 'bad-freeze'
  | 'bad-reason'
  | 'no-permission'
  | 'disk-full'

export class ReleaseError extends VigoError<ReleaseErrorCode> {}

const DENIED = new Set(['EACCES', 'EPERM', 'EROFS'])
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** What the operating system refused, in words that name the path; every other error as it is. */
export function releaseFault(error: unknown, what: string): unknown {
  const code = codeOf(error) ?? ''
  if (DENIED.has(code)) {
    const message = `not allowed to ${what} (${code}); run it as a user who may publish, or mend the owner and mode`
    return new ReleaseError('no-permission', message, { cause: error })
  }
  if (FULL.has(code)) {
    const message = `no space left to ${what}; what is live did not change; free some space and try again`
    return new ReleaseError('disk-full', message, { cause: error })
  }
  return error
}

/** Runs `work`; what the operating system refuses is thrown as `releaseFault`. */
export async function explained<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw releaseFault(error, what)
  }
}
