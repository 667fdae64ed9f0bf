import picomatch from 'picomatch'

const OPTIONS = { dot: true, nocase: true, noextglob: true, nonegate: true }

/** Host globs everywhere in the product: case does not matter, `*` also matches dots. */
export function matchesHost(glob: string, hostname: string): boolean {
  return picomatch.isMatch(hostname, glob, OPTIONS)
}

/** `matchesHost` for one glob and many names. */
export function hostMatcher(glob: string): (hostname: string) => boolean {
  const matches = picomatch(glob, OPTIONS)
  return hostname => matches(hostname)
}

/** Ordered patterns, first match wins, `-` denies, no match denies, an empty list is off. */
export function allowedByPatterns(patterns: readonly string[], hostname: string): boolean {
  for (const pattern of patterns) {
    const denies = pattern.startsWith('-')
    if (matchesHost(denies ? pattern.slice(1) : pattern, hostname)) return !denies
  }
  return false
}
