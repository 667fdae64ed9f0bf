/** One `secret:<path>` of a text. Offsets in the text. */
export interface SecretReference {
  readonly path: string
  readonly start: number
  readonly end: number
  /** What is wrong with the path, or undefined. */
  readonly problem: string | undefined
}

const REFERENCE = /(?<![A-Za-z0-9_.-])secret:([A-Za-z0-9_./-]+)/g
const SEGMENT = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/
const MAX_PATH = 256

/**
 * Every reference to a secret in a text, as a whole value or embedded: `secret:` and a path of letters, digits, `_`, `.`, `-` and
 * `/`. A dot that ends a sentence is not part of it.
 */
export function findSecretReferences(text: string): SecretReference[] {
  if (!text.includes('secret:')) return []
  const found: SecretReference[] = []
  if (/^secret:(?![A-Za-z0-9_./-]|\{\{)/.test(text) && !text.includes('\n')) {
    const problem = 'there is no path of a secret directly behind the colon'
    found.push({ path: '', start: 0, end: text.length, problem })
  }
  for (const match of text.matchAll(REFERENCE)) {
    const path = (match[1] ?? '').replace(/\.+$/, '')
    if (path === '') continue
    found.push({
      path,
      start: match.index,
      end: match.index + 'secret:'.length + path.length,
      problem: problemOf(path),
    })
  }
  return found
}

function problemOf(path: string): string | undefined {
  if (path.length > MAX_PATH) return `the path of a secret has at most ${MAX_PATH} characters`
  if (path.startsWith('/')) return 'the path of a secret does not start with a slash'
  if (path.endsWith('/')) return 'the path of a secret does not end with a slash'
  const segments = path.split('/')
  if (segments.includes('..') || segments.includes('.')) return "the path of a secret has no '.' and '..' parts"
  if (segments.includes('')) return 'the path of a secret has an empty part'
  if (!segments.every(segment => SEGMENT.test(segment)))
    return 'each part of the path of a secret starts with a letter or digit'
  return undefined
}
