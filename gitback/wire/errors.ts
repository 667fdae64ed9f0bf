import { VigoError } from '#node/kit'

/** - `refused`: the other machine does not give the project to this one, or is too busy; - `malformed`: it does not speak git's protocol version 2 */
export class WireError extends VigoError<'refused' | 'malformed'> {}
