import { VigoError } from '#node/kit'

/** - `bad-settings`: a setting is out of its bounds; the message names both */
export class MonitorError extends VigoError<'bad-settings'> {}
