import { codeOf, VigoError } from '#node/kit'

/**
 * - `not-found`: no such blob or chunk here
 * - `corrupt`: bytes on disk no longer verify; they were set aside
 * - `disk-full`: there is not enough free space
 * - `too-large`: more bytes than the caller allows, or than the format can describe
 * - `size-changed`: a stream ended with another size than announced
 * - `mismatch`: bytes or a manifest that are not what their hash says
 * - `locked`: another process has the store open
 * - `closed`: the store or handle was closed
 */
export type StoreErrorCode =
  | 'not-found'
  | 'corrupt'
  | 'disk-full'
  | 'too-large'
  | 'size-changed'
  | 'mismatch'
  | 'locked'
  | 'closed'

export class StoreError extends VigoError<StoreErrorCode> {}

export const notFound = (sha: string): StoreError =>
  new StoreError('not-found', `blob ${sha} is not in this machine's store; pull it first`, { context: { blob: sha } })

export const closedStore = (): StoreError => new StoreError('closed', 'the blob store was closed')

/** A full disk, quota or file size limit in the store's own words; every other error as it is. */
export function storeFault(error: unknown, what: string): unknown {
  const code = codeOf(error)
  if (code !== 'ENOSPC' && code !== 'EDQUOT' && code !== 'EFBIG') return error
  return new StoreError(
    'disk-full',
    `the disk filled up while ${what}; free some space (for example with 'vigo swarm curator gc') and try again`,
    { cause: error },
  )
}

export const wrongChunk = (blob: string, chunk: number, what: string): StoreError =>
  new StoreError('mismatch', `chunk ${chunk} of blob ${blob} was not stored: ${what}; take it from another member`, {
    context: { blob, chunk },
  })

export const corruptChunk = (blob: string, chunk: number): StoreError =>
  new StoreError('corrupt', `chunk ${chunk} of blob ${blob} changed on disk and was set aside; fetch the blob again`, {
    context: { blob, chunk },
  })

export const lyingManifest = (blob: string, manifest: string): StoreError =>
  new StoreError(
    'mismatch',
    `chunk manifest ${manifest} does not describe blob ${blob}, and what was fetched is dropped; ask whoever signed the entry`,
    { context: { blob, manifest } },
  )
