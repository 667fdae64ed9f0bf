import { VigoError } from '#node/kit'

/**
 * - `not-held`: this machine does not hold the project
 * - `unavailable`: no connected machine has what is missing
 * - `diverged`: several heads; one must be taken, or joined by a commit that descends from all
 * - `refused`: the project's policy forbids the change
 */
export class ReplicaError extends VigoError<'not-held' | 'unavailable' | 'diverged' | 'refused'> {}
