import { RoutesError } from './errors.ts'

/**
 * A host pattern of a route: lower-case letters, digits, `.` and `-`, with `*` for any text (also none, also with dots) and `?` for one
 * character. It means what it means everywhere in the product (`matchesHost`), without the brackets and braces: those can be written so
 * that a match takes years, and every member of the fleet has to match what any bolt has signed.
 */
export const MAX_PATTERNS = 256
/** Of all patterns of one bolt together. */
export const MAX_PATTERNS_LENGTH = 8192
const PATTERN = /^[a-z0-9.*?-]{1,253}$/

/** Why it is no pattern, or null. */
export function refusalOfPattern(pattern: string): string | null {
  if (!PATTERN.test(pattern)) return 'it may have 1 to 253 of: lower-case letters, digits, dots, hyphens, * and ?'
  return pattern.includes('**') ? 'it has two stars in a row; one does the same' : null
}

/** @throws RoutesError 'bad-pattern' that names the pattern and what is wrong with it */
export function requirePatterns(patterns: readonly string[]): void {
  if (patterns.length > MAX_PATTERNS) {
    throw new RoutesError(
      'bad-pattern',
      `a bolt has at most ${MAX_PATTERNS} patterns, and these are ${patterns.length}`,
    )
  }
  for (const pattern of patterns) {
    const refusal = refusalOfPattern(pattern)
    const shown = JSON.stringify(pattern.slice(0, 100))
    if (refusal !== null) throw new RoutesError('bad-pattern', `${shown} is no host pattern: ${refusal}`)
  }
  if (lengthOf(patterns) > MAX_PATTERNS_LENGTH) {
    throw new RoutesError(
      'bad-pattern',
      `the patterns of one bolt have at most ${MAX_PATTERNS_LENGTH} characters together, and these have ${lengthOf(patterns)}; use fewer and wider ones`,
    )
  }
}

export function lengthOf(patterns: readonly string[]): number {
  return patterns.reduce((sum, pattern) => sum + pattern.length, 0)
}

/** How closely a pattern names hosts: the more of it is spelled out, the more specific it is. */
export interface Specificity {
  /** Characters that stand for themselves. */
  readonly literals: number
  readonly stars: number
  readonly anyCharacters: number
}

export function specificityOf(pattern: string): Specificity {
  const stars = pattern.split('*').length - 1
  const anyCharacters = pattern.split('?').length - 1
  return { literals: pattern.length - stars - anyCharacters, stars, anyCharacters }
}

/** Negative when `a` is more specific: more literal characters; then fewer stars; then more `?`. */
export function compareSpecificity(a: Specificity, b: Specificity): number {
  return b.literals - a.literals || a.stars - b.stars || b.anyCharacters - a.anyCharacters
}

/** In time of at most the product of both lengths. */
export function matchesPattern(pattern: string, hostname: string): boolean {
  let at = 0
  let star = -1
  let resumeAt = 0
  let i = 0
  while (i < hostname.length) {
    if (pattern[at] === '*') {
      star = at++
      resumeAt = i
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === hostname[i])) {
      at++
      i++
    } else if (star >= 0) {
      at = star + 1
      i = ++resumeAt
    } else return false
  }
  while (pattern[at] === '*') at++
  return at === pattern.length
}

/** The patterns of one bolt, ready to be asked for many hosts. */
export class HostPatterns {
  readonly #bySpecificity: readonly { readonly pattern: string; readonly specificity: Specificity }[]

  constructor(patterns: readonly string[]) {
    this.#bySpecificity = patterns
      .map(pattern => ({ pattern, specificity: specificityOf(pattern) }))
      .sort((a, b) => compareSpecificity(a.specificity, b.specificity))
  }

  /** The most specific pattern that matches; null when none does. */
  match(hostname: string): Specificity | null {
    return this.#bySpecificity.find(({ pattern }) => matchesPattern(pattern, hostname))?.specificity ?? null
  }
}
