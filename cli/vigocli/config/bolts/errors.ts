import { VigoError } from '#node/kit'

/**
 * - `not-running`: this machine shares its configuration with others, and its server does not answer
 * - `conflict`: files were changed here and elsewhere, and nobody has said what they should be
 * - `refused`: something that servers which share their configuration do not do
 * - `standalone`: the server shares its configuration with nobody
 */
export class SharedConfigError extends VigoError<'not-running' | 'conflict' | 'refused' | 'standalone'> {}
