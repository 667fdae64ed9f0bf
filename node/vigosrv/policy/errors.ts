import { VigoError } from '#node/kit'

/** - `bad-policy`: what is live is broken, so that nobody could be told what to do; the message says what and where */
export class PolicyError extends VigoError<'bad-policy'> {}
