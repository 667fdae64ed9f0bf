import { identityOf } from '../compile/conflicts.ts'
import type { SampledCrate } from '../compile/crate-cache.ts'
import type { Stamped } from '../compile/stamp.ts'
import { renderedUrls } from './urls.ts'

/** What a crate without fault is for the other crates of an entry. */
export interface Part {
  /** Of what its resources manage, eight hex digits each. Two may be equal by chance, which costs a look and nothing else. */
  readonly codes: string
  /** URLs that variables made, with their offsets in the crate's file. */
  readonly urls: readonly (readonly [url: string, start: number, end: number])[]
}

const parts = new WeakMap<SampledCrate, Part>()

export function partOf(crate: SampledCrate): Part {
  let part = parts.get(crate)
  if (part === undefined) {
    part = newPart(crate)
    parts.set(crate, part)
  }
  return part
}

function newPart(crate: SampledCrate): Part {
  const all = new Set<Stamped>()
  for (const { placed } of crate) for (const { stamped } of placed) all.add(stamped)
  let codes = ''
  const ids = new Map<string, string>()
  for (const stamped of all) {
    const identity = identityOf(stamped)
    // The same resource of two machines is one; two resources of the same machine would be told of.
    if (identity === undefined || ids.get(identity) === stamped.id) continue
    ids.set(identity, stamped.id)
    codes += codeOf(identity)
  }
  const urls = crate.flatMap(renderedUrls).map(({ url, span: { start, end } }) => [url, start, end] as const)
  return { codes, urls }
}

/** FNV-1a of 32 bits, over UTF-16 units. */
function codeOf(text: string): string {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}

export function* codesIn({ codes }: Part): Iterable<string> {
  for (let at = 0; at < codes.length; at += 8) yield codes.slice(at, at + 8)
}

/* A record: the keys, then the codes of each, then the URLs as JSON where there are any. */

export function encodeParts(keys: readonly string[], parts: readonly Part[]): string {
  const urls = parts.some(part => part.urls.length > 0) ? JSON.stringify(parts.map(part => part.urls)) : ''
  return `${keys.join(' ')}\n${parts.map(({ codes }) => codes).join(' ')}\n${urls}`
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
  return new Map(keys.split(' ').map((key, at) => [key, { codes: allCodes[at] ?? '', urls: allUrls[at] ?? [] }]))
}
