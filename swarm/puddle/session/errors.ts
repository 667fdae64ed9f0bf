import { VigoError } from '#node/kit'

/**
 * - `exists`: there is a puddle identity here already
 * - `missing`: there is none
 * - `damaged`: its files cannot be read
 * - `wrong-passphrase`: the key does not open with it
 * - `locked`: no session holds the key
 * - `refused`: the session does not sign such a thing
 * - `usage`: a passphrase that is too short, a bundle that is none
 */
export type PuddleErrorCode = 'exists' | 'missing' | 'damaged' | 'wrong-passphrase' | 'locked' | 'refused' | 'usage'

export class PuddleError extends VigoError<PuddleErrorCode> {}
