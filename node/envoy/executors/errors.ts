import { VigoError } from '#node/kit'

/**
 * - `blocked`: the machine is in the way, not the resource: disk full, read-only, package database locked, broken repository, missing tool
 * - `failed`: it was tried and did not work
 * - `unsafe`: refused: a path leads through somebody else's symbolic link, contents failed `validate`, bytes or a key have another hash
 */
export class ExecutorError extends VigoError<'blocked' | 'failed' | 'unsafe'> {}
