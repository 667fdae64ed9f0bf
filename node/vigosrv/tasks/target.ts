import { memberOf, type Value } from '#config/lang'
import { fitsParts, hostMatcher } from '#node/kit'
import { TaskError } from './errors.ts'

/*
 * Which machines a task is for: a comma list of
 *
 *     web1.example.com        a host name
 *     web*.example.com        a glob of host names, case does not matter, `*` also matches dots
 *     8f3c…                   a public key, or at least eight digits of its beginning that are unique
 *     os.family=debian        a trait; `*` in the value stands for anything; of a list one element is enough
 *     -<any of these>         not this, whatever else says so
 *
 * What is not excluded and fits any of the others is a target; a list of exclusions alone means all others. A list that says nothing
 * is refused rather than taken for everybody. A host or key that is named and is not there is refused too, also in an exclusion: who
 * misspells what must not be touched should hear of it.
 */

export interface Candidate {
  readonly peer: string
  readonly hostname: string
}

/** Null where nothing is known of the machine. */
export type TraitsOf = (peer: string) => Promise<Readonly<Record<string, unknown>> | null>

const MAX_TERMS = 1000
const MAX_LENGTH = 64 * 1024
const GLOB = /[*?[\]{}]/
const TRAIT = /^([A-Za-z0-9_.-]{1,256})=(.{0,1024})$/
const KEY_PREFIX = /^[0-9a-f]{8,64}$/
const NAME = /^[A-Za-z0-9_*?[\]{},!.-]+$/

type Test =
  | { readonly by: 'host'; readonly matches: (hostname: string) => boolean }
  | { readonly by: 'peer'; readonly peer: string }
  | { readonly by: 'trait'; readonly path: readonly string[]; readonly matches: (text: string) => boolean }

interface Term {
  readonly excludes: boolean
  readonly test: Test
}

/** The targets, by host name. @throws TaskError 'bad-request', 'no-hosts' */
export async function selectTargets<T extends Candidate>(
  target: string,
  candidates: readonly T[],
  traitsOf: TraitsOf,
): Promise<T[]> {
  const terms = splitTerms(target).map(text => parseTerm(text, candidates))
  const wanted = terms.filter(({ excludes }) => !excludes)
  const excluded = terms.filter(({ excludes }) => excludes)
  const asksTraits = terms.some(({ test }) => test.by === 'trait')
  const chosen: T[] = []
  for (const candidate of candidates) {
    const traits = asksTraits ? await traitsOf(candidate.peer) : null
    const fits = ({ test }: Term, whenUnknown: boolean) => matches(test, candidate, traits, whenUnknown)
    // Nobody knows whether a machine without traits is one of those that must not be touched.
    if (excluded.some(term => fits(term, true))) continue
    if (wanted.length === 0 || wanted.some(term => fits(term, false))) chosen.push(candidate)
  }
  if (chosen.length === 0) {
    throw new TaskError(
      'no-hosts',
      `no machine of the fleet is a target of '${target.slice(0, 200)}'; see vigocli envoys list`,
    )
  }
  return chosen.toSorted((a, b) => compare(a.hostname, b.hostname) || compare(a.peer, b.peer))
}

/** Commas in braces belong to a glob. @throws TaskError 'bad-request' */
function splitTerms(target: string): string[] {
  if (target.length > MAX_LENGTH)
    throw new TaskError('bad-request', `the target has more than ${MAX_LENGTH} characters`)
  const terms: string[] = []
  let depth = 0
  let term = ''
  for (const character of target) {
    if (character === '{') depth++
    if (character === '}') depth--
    if (character === ',' && depth === 0) {
      terms.push(term.trim())
      term = ''
    } else term += character
  }
  terms.push(term.trim())
  if (terms.length === 1 && terms[0] === '') {
    throw new TaskError('bad-request', "the target is empty; say which machines, or '*' for all of them")
  }
  if (terms.includes('')) throw new TaskError('bad-request', `the target '${target.slice(0, 200)}' has an empty part`)
  if (terms.length > MAX_TERMS) throw new TaskError('bad-request', `the target has more than ${MAX_TERMS} parts`)
  return terms
}

function parseTerm(text: string, candidates: readonly Candidate[]): Term {
  const excludes = text.startsWith('-')
  const what = excludes ? text.slice(1) : text
  const [, path, value] = TRAIT.exec(what) ?? []
  if (path !== undefined && value !== undefined) {
    if (value === '')
      throw new TaskError('bad-request', `'${text.slice(0, 100)}' of the target has no value behind '='`)
    return { excludes, test: { by: 'trait', path: path.split('.'), matches: valueMatcher(value) } }
  }
  if (!NAME.test(what)) {
    throw new TaskError(
      'bad-request',
      `'${text.slice(0, 100)}' of the target is neither a host, a glob, a key nor a trait`,
    )
  }
  return { excludes, test: hostTest(what, candidates) }
}

function hostTest(what: string, candidates: readonly Candidate[]): Test {
  const name = what.toLowerCase()
  if (GLOB.test(what)) return { by: 'host', matches: hostMatcher(what.toLowerCase()) }
  if (candidates.some(({ hostname }) => hostname.toLowerCase() === name)) {
    return { by: 'host', matches: hostname => hostname === name }
  }
  const keys = KEY_PREFIX.test(name) ? candidates.filter(({ peer }) => peer.startsWith(name)) : []
  const [only] = keys
  if (keys.length > 1) throw new TaskError('bad-request', `several public keys begin with ${name}; give more digits`)
  if (only !== undefined) return { by: 'peer', peer: only.peer }
  throw new TaskError('no-hosts', `there is no machine '${what.slice(0, 253)}' in the fleet; see vigocli envoys list`)
}

function matches(
  test: Test,
  { hostname, peer }: Candidate,
  traits: Readonly<Record<string, unknown>> | null,
  whenUnknown: boolean,
): boolean {
  if (test.by === 'host') return test.matches(hostname.toLowerCase())
  if (test.by === 'peer') return test.peer === peer
  if (traits === null) return whenUnknown
  let value: Value | undefined = traits as Value
  for (const key of test.path) value = value === undefined ? undefined : memberOf(value, key)
  const values = Array.isArray(value) ? (value as readonly Value[]) : [value]
  return values.some(
    each => each !== undefined && each !== null && typeof each !== 'object' && test.matches(String(each)),
  )
}

/** Only `*` is special: versions and names have brackets and question marks of their own. */
function valueMatcher(value: string): (text: string) => boolean {
  const parts = value.split('*')
  return text => fitsParts(text, parts)
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
