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

interface Wide<T> {
  readonly turn: number
  readonly parts: readonly string[]
  readonly item: T
}

/**
 * Globs that match all that others match, as far as that shows in the globs: only their `*` can stand for a wildcard of another one. They
 * are looked for by what is behind their last `*`, as patterns mostly end in a domain.
 */
export class WideGlobs<T> {
  /** How many were added. */
  size = 0
  /** By the length of their ends, then by the ends. */
  readonly #byEnd = new Map<number, Map<string, Wide<T>[]>>()

  add(glob: string, item: T): void {
    const turn = this.size++
    const text = comparable(glob)
    // Of all globs with stars only, `*.*` wants something in the place of its last one.
    if (!/^[^?[\]{}()!\0]+$/.test(text) || text === '*.*') return
    const parts = text.split('*')
    const end = parts.at(-1) ?? ''
    const byEnd = this.#byEnd.get(end.length) ?? new Map<string, Wide<T>[]>()
    this.#byEnd.set(end.length, byEnd)
    const all = byEnd.get(end)
    if (all === undefined) byEnd.set(end, [{ turn, parts, item }])
    else all.push({ turn, parts, item })
  }

  /** The first that matches all that the other one matches. The same text is not asked for. */
  firstOver(glob: string): T | undefined {
    const text = comparable(glob)
    let first: Wide<T> | undefined
    for (const [length, byEnd] of this.#byEnd) {
      const found = byEnd.get(text.slice(text.length - length))?.find(({ parts }) => fitsParts(text, parts))
      if (found !== undefined && (first === undefined || found.turn < first.turn)) first = found
    }
    return first?.item
  }
}

/** What a bracket or brace may become is none of the words in it: only a star covers it. */
function comparable(glob: string): string {
  const text = glob.toLowerCase()
  return /[{[]/.test(text) ? text.replaceAll(/\{[^{}]*\}|\[[^\]]*\]/g, '\0') : text
}
