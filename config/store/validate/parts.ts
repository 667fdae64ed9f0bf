import { sha256Hex } from '#node/kit'
import { identitiesOf } from '../compile/conflicts.ts'
import type { CompiledCrate } from '../compile/crate.ts'
import type { Stamped } from '../compile/stamp.ts'
import { renderedUrls } from './urls.ts'

/** What a crate without fault is for the other crates of an entry. */
export interface Part {
  /** Of what its resources manage, eight hex digits each. Two may be equal by chance, which costs a look and nothing else. */
  readonly codes: ReadonlySet<string>
  /** URLs that variables made, with their offsets in the crate's file. */
  readonly urls: readonly (readonly [url: string, start: number, end: number])[]
}

const known = new WeakMap<CompiledCrate, Part>()

const codes = new WeakMap<Stamped, string>()

function codeOf(stamped: Stamped, identity: string): string {
  let code = codes.get(stamped)
  if (code === undefined) {
    code = sha256Hex(identity).slice(0, 8)
    codes.set(stamped, code)
  }
  return code
}

/** `other`: the same crate on another machine. */
export function partOf(crate: CompiledCrate, other: Part | undefined): Part {
  let part = known.get(crate)
  if (part === undefined) {
    part = {
      codes: new Set(identitiesOf(crate).map(({ identity, stamped }) => codeOf(stamped, identity))),
      urls: renderedUrls(crate).map(({ url, span: { start, end } }) => [url, start, end] as const),
    }
    known.set(crate, part)
  }
  if (other === undefined || other === part) return part
  return bothOf(part, other)
}

const pairs = new WeakMap<Part, WeakMap<Part, Part>>()

/** Most crates are the same two in a thousand entries. */
function bothOf(part: Part, other: Part): Part {
  const known = pairs.get(part) ?? new WeakMap<Part, Part>()
  pairs.set(part, known)
  const both = known.get(other) ?? {
    codes: part.codes.isSubsetOf(other.codes) ? other.codes : part.codes.union(other.codes),
    urls: [...other.urls, ...part.urls],
  }
  known.set(other, both)
  return both
}

/** Undefined where an old part may manage what a new one manages. The old ones are known to get along. */
export function joinParts(
  old: ReadonlyMap<string, Part>,
  news: ReadonlyMap<string, Part>,
): ReadonlyMap<string, Part> | undefined {
  const codes = new Set(Array.from(news.values()).flatMap(part => [...part.codes]))
  for (const [key, part] of old) if (!news.has(key) && !part.codes.isDisjointFrom(codes)) return undefined
  return new Map([...old, ...news])
}

/* A record: the keys, then the codes of each, then the URLs as JSON where there are any. */

export function encodeParts(keys: readonly string[], parts: ReadonlyMap<string, Part>): string {
  const all = keys.map(key => parts.get(key))
  const codes = all.map(part => [...(part?.codes ?? [])].join(''))
  const urls = all.map(part => part?.urls ?? [])
  return [keys.join(' '), codes.join(' '), urls.every(each => each.length === 0) ? '' : JSON.stringify(urls)].join('\n')
}

/** Whether the record is of these crates, and of no others. */
export function isOfKeys(text: string, keys: readonly string[]): boolean {
  return text.startsWith(`${keys.join(' ')}\n`)
}

export function hasUrls(text: string): boolean {
  return !text.endsWith('\n')
}

export function decodeParts(text: string): ReadonlyMap<string, Part> {
  if (text === '') return new Map()
  const [keys = '', codes = '', urls = ''] = text.split('\n')
  const allCodes = codes.split(' ')
  const allUrls = urls === '' ? [] : (JSON.parse(urls) as Part['urls'][])
  return new Map(
    keys.split(' ').map((key, at) => [key, { codes: new Set(allCodes[at]?.match(/.{8}/g)), urls: allUrls[at] ?? [] }]),
  )
}
