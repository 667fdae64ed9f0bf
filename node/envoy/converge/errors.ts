import { VigoError } from '#node/kit'

/**
 * - `interrupted`: the run was ended before its end: the agent stops, or the run took too long
 * - `stuck`: an executor did not stop after its time was over; it may still do something
 */
export class ConvergeError extends VigoError<'interrupted' | 'stuck'> {}
