import { VigoError } from '#node/kit'

/** - `cannot-listen`: the address of `metrics_listen` cannot be opened */
export class MetricsError extends VigoError<'cannot-listen'> {}
