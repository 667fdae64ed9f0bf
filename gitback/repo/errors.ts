import { VigoError } from '#node/kit'

/**
 * - `no-git`: the machine has no git, or one that is too old
 * - `conflict`: the ref is not where it was expected to be
 * - `bad-objects`: what came is not what was asked for, is broken or incomplete, or breaks a rule; nothing of it was kept
 * - `too-large`: more bytes, or a larger file, than the project may have
 * - `disk-full`: nothing of what came was kept
 * - `failed`: git ended with an error; the message has its words
 */
export class RepoError extends VigoError<
  'no-git' | 'conflict' | 'bad-objects' | 'too-large' | 'disk-full' | 'failed'
> {}
