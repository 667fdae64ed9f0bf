import { matchesHost } from '#node/kit'

/**
 * Target specification: a comma list of
 *
 *     web-*.example.com     host glob           db1        exact host
 *     os=linux              trait, exact value  -old-*     exclusion (glob, host or -key=value); always wins
 *
 * A list of exclusions only means everybody else. An empty list means nobody.
 */
export interface Target {
  readonly includes: readonly Term[]
  readonly excludes: readonly Term[]
}

export type Term =
  | { readonly type: 'host'; readonly glob: string }
  | { readonly type: 'trait'; readonly key: string; readonly value: string }

/** Who this machine is, to targets. Trait keys are paths such as `os` or `os.distro`. */
export interface Self {
  readonly hostname: string
  readonly traits: Readonly<Record<string, string>>
}

const MAX_TERMS = 64
const MAX_TERM_LENGTH = 256
const HOST_TERM = /^[a-z0-9.*?[\]{}!_-]+$/i
const TRAIT_TERM = /^([a-z][a-z0-9_.-]*)=([^,\s]+)$/i

/** @throws RangeError with a sentence that names the term */
export function parseTarget(spec: string): Target {
  const terms = spec
    .split(',')
    .map(term => term.trim())
    .filter(term => term !== '')
  if (terms.length > MAX_TERMS)
    throw new RangeError(`a target has at most ${MAX_TERMS} terms, this one has ${terms.length}`)
  const includes: Term[] = []
  const excludes: Term[] = []
  for (const term of terms) {
    if (term.startsWith('-')) excludes.push(parseTerm(term.slice(1)))
    else includes.push(parseTerm(term))
  }
  return { includes, excludes }
}

function parseTerm(term: string): Term {
  if (term.length > MAX_TERM_LENGTH) throw new RangeError(`target term '${term.slice(0, 40)}…' is too long`)
  const trait = TRAIT_TERM.exec(term)
  if (trait) return { type: 'trait', key: trait[1] ?? '', value: trait[2] ?? '' }
  if (!HOST_TERM.test(term) || (term.match(/\*/g) ?? []).length > 8) {
    throw new RangeError(`target term '${term.slice(0, 40)}' is neither a host glob nor key=value`)
  }
  return { type: 'host', glob: term }
}

export function matchesTarget(target: Target, self: Self): boolean {
  if (target.includes.length === 0 && target.excludes.length === 0) return false
  if (target.excludes.some(term => matchesTerm(term, self))) return false
  return target.includes.length === 0 || target.includes.some(term => matchesTerm(term, self))
}

function matchesTerm(term: Term, self: Self): boolean {
  if (term.type === 'trait') return Object.hasOwn(self.traits, term.key) && self.traits[term.key] === term.value
  return matchesHost(term.glob, self.hostname)
}
