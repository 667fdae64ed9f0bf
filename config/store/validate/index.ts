export type { UrlUse } from './urls.ts'
export { type Validation, validate } from './validate.ts'
