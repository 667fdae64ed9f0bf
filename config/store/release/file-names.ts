/** The files that publish knows; everything else in a tree is invisible to it. */
const TRACKED = /\.(?:vgo|tmpl)$/

/** What `writeFileAtomic` and the writer of sources leave when they are killed. */
const TEMPORARY = /^\.tmp-[0-9a-f]{12}-/

export function isTracked(name: string): boolean {
  return TRACKED.test(name)
}

export function isTemporary(name: string): boolean {
  return TEMPORARY.test(name)
}

/** Names that are not looked at: `.git`, editors' files. */
export function isHidden(name: string): boolean {
  return name.startsWith('.')
}

/** Controls and line separators would forge lines of lists and messages; format characters make two names look alike. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u

/** What is wrong with the name of one file or folder in a tree, or undefined. */
export function nameProblem(name: string): string | undefined {
  if (name === '' || name === '.' || name === '..') return 'is not a name'
  if (name.startsWith('.')) return 'begins with a dot'
  if (name.includes('/') || name.includes('\\')) return 'has a slash or a backslash in its name'
  if (name.includes('\uFFFD')) return 'has a name that is not UTF-8'
  if (UNPRINTABLE.test(name)) return 'has control or invisible characters in its name'
  return undefined
}

/** The first problem of a path's names: for trees that come from elsewhere than a folder. */
export function pathProblem(path: string): string | undefined {
  for (const name of path.split('/')) {
    const problem = nameProblem(name)
    if (problem !== undefined) return problem
  }
  return isTracked(path) ? undefined : 'is neither .vgo nor .tmpl'
}

/** The name with everything unprintable escaped, for messages. */
export function shownName(name: string): string {
  return name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, character => {
    const code = character.codePointAt(0) ?? 0
    return `\\u{${code.toString(16)}}`
  })
}
