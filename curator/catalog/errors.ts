import { VigoError } from '#node/kit'

/**
 * - `usage`: a reference or field of the wrong form
 * - `unknown-artifact`, `unknown-version`, `unknown-tag`, `unknown-platform`, `unknown-puddle`: nothing of that name is known here
 * - `ambiguous`: the reference names several things; the message lists them
 * - `conflict`: the change contradicts what is published (version with other bytes, another kind, a tag in use)
 * - `changed`: somebody else published meanwhile; compose again
 */
export type CatalogErrorCode =
  | 'usage'
  | 'unknown-artifact'
  | 'unknown-version'
  | 'unknown-tag'
  | 'unknown-platform'
  | 'unknown-puddle'
  | 'ambiguous'
  | 'conflict'
  | 'changed'

export class CatalogError extends VigoError<CatalogErrorCode> {}
