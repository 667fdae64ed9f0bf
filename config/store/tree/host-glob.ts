import { fitsParts, hostMatcher } from '#node/kit'

const SPECIAL = /[*?[\]{}()!]/
const PLAIN_STAR = /^[^*?[\]{}()!]*\*[^*?[\]{}()!]*$/

/**
 * Whether a lower-case host name matches the glob, as `matchesHost` says it. Names without wildcards, and `*` before or behind a text,
 * are most of every fleet's patterns: for them nothing but the text is compared.
 */
export function compileGlob(glob: string): (host: string) => boolean {
  const text = glob.toLowerCase()
  if (!SPECIAL.test(text)) return host => host === text
  if (PLAIN_STAR.test(text)) {
    const [before = '', after = ''] = text.split('*')
    const least = Math.max(1, before.length + after.length)
    return host => host.length >= least && host.startsWith(before) && host.endsWith(after)
  }
  return hostMatcher(text)
}

/**
 * Tells for other globs whether every host that they match is one that this one matches, as far as that shows in the globs: only its
 * `*` can stand for a wildcard of theirs. The other one is given as `comparable` makes it; the same text is not asked for.
 */
export function coverage(glob: string): (other: string) => boolean {
  const text = comparable(glob)
  if (!/^[^?[\]{}()!\0]+$/.test(text)) return () => false
  const parts = text.split('*')
  return other => fitsParts(other, parts)
}

/** What a bracket or brace may become is none of the words in it: only a star covers it. */
export function comparable(glob: string): string {
  const text = glob.toLowerCase()
  return /[{[]/.test(text) ? text.replaceAll(/\{[^{}]*\}|\[[^\]]*\]/g, '\0') : text
}
