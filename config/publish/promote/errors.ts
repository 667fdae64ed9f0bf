import { VigoError } from '#node/kit'

/**
 * - `no-environment`: the file has no block of that name
 * - `no-variable`: the block that is copied from has no variable of that name
 * - `not-editable`: the file cannot be read, or is written in a way that cannot be edited without writing it anew
 */
export type PromoteErrorCode = 'no-environment' | 'no-variable' | 'not-editable'

export class PromoteError extends VigoError<PromoteErrorCode> {}
