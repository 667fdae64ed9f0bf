import { SecretsError } from './errors.ts'

/** `findSecretReferences` of the language reads the same paths; folders and files of the operating system hold less. */
export const MAX_PATH = 256
const MAX_DEPTH = 16
const MAX_PART = 128
const PART = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/

/** Why it is not the path of a secret, or undefined. Such a path is safe below any folder. */
export function secretPathProblem(path: string): string | undefined {
  if (path === '') return 'is empty'
  if (path.length > MAX_PATH) return `has more than ${MAX_PATH} characters`
  const parts = path.split('/')
  if (parts.length > MAX_DEPTH) return `has more than ${MAX_DEPTH} parts`
  if (parts.includes('')) return 'has an empty part'
  if (parts.some(part => part.length > MAX_PART)) return `has a part of more than ${MAX_PART} characters`
  if (!parts.every(part => PART.test(part))) {
    return "has a part that is not made of letters, digits, '_', '-' and '.', the first of which is no '.' or '-'"
  }
  if (path.endsWith('.')) return 'ends with a dot, which a reference in a sentence would not have'
  return undefined
}

/** @throws SecretsError 'bad-secret-path' */
export function checkSecretPath(path: string): void {
  const problem = secretPathProblem(path)
  if (problem === undefined) return
  const shown = JSON.stringify(path.slice(0, 100))
  throw new SecretsError('bad-secret-path', `the path ${shown} ${problem}; write for example vigo/webapp/database_url`)
}
