export * from './errors.ts'
export { checkSecretPath, secretPathProblem } from './secret-path.ts'
export { MAX_VALUE_BYTES, SecretStore, secretsFolder } from './secret-store.ts'
export type * from './types.ts'
