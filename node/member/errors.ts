import { VigoError } from '#node/kit'

/**
 * - `not-enrolled`: this machine belongs to no fleet yet
 * - `already-enrolled`: it belongs to one
 * - `bad-settings`: a key of a settings file is wrong; the message names file and key
 * - `already-running`: another process has this machine's state open
 * - `disk-full`: the database cannot be written
 */
export type MemberErrorCode = 'not-enrolled' | 'already-enrolled' | 'bad-settings' | 'already-running' | 'disk-full'

export class MemberError extends VigoError<MemberErrorCode> {}
