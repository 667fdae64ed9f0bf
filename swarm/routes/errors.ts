import { VigoError } from '#node/kit'

/** - `bad-pattern`: a host pattern of a form that routes do not know, or too many of them */
export class RoutesError extends VigoError<'bad-pattern'> {}
