import { VigoError } from '#node/kit'

/**
 * - `unknown-project`: nobody founded it, as far as this machine knows
 * - `ambiguous-project`: a name that several puddles claim
 * - `not-a-member`: the key has no right, or not enough of it, in the project
 * - `exists`: the project was founded already
 */
export class ProjectError extends VigoError<'unknown-project' | 'ambiguous-project' | 'not-a-member' | 'exists'> {}
