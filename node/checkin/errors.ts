import { VigoError } from '#node/kit'

/** - `malformed`: a message that the protocol does not have; the stream is ended */
export class CheckinError extends VigoError<'malformed'> {}
