import { VigoError } from '#node/kit'

export class LabError extends VigoError<'usage' | 'not-found' | 'failed'> {}
