import { createHmac } from 'node:crypto'
import type { AttributeValue } from '#config/lang'
import type { Attributes } from '../executors/executor.ts'
import { Masker } from './mask.ts'

/** Attributes with values in the place of references, or the paths whose values are not known. */
export type Revealed =
  | { readonly attributes: Attributes; readonly held: readonly string[]; readonly digest: string }
  | { readonly missing: readonly string[] }

type FindReferences = (text: string) => readonly { path: string; start: number; end: number }[]

const MAX_MASKED = 5_000

/** Values of secrets, in memory only. */
export class Secrets {
  readonly #digestKey: Uint8Array
  #values = new Map<string, string>()
  /** Also of values that were replaced: they may still be in somebody's output. */
  #masker = new Masker([])
  #masked = new Set<string>()
  #epoch = -1
  #problem = ''

  /** `digestKey` belongs to this machine: what is written down of a value can be compared, and not guessed without the key. */
  constructor(digestKey: Uint8Array) {
    this.#digestKey = digestKey
  }

  /** Why values are not known, for people; empty when nobody was asked. */
  get problem(): string {
    return this.#problem
  }

  /** Hides every value that this process has known. */
  get masker(): Masker {
    return this.#masker
  }

  /** What has to be asked for, given what the bundle refers to and how often secrets have changed by what the bolt said. */
  wanted(paths: readonly string[], epoch: number): readonly string[] {
    return epoch === this.#epoch ? paths.filter(path => !this.#values.has(path)) : paths
  }

  /** Values of a complete answer; others stay known, because a run without a server may need them. */
  learn(values: Readonly<Record<string, string>>, epoch: number): void {
    for (const [path, value] of Object.entries(values)) {
      this.#values.set(path, value)
      this.#masked.add(value)
    }
    if (this.#masked.size > MAX_MASKED) this.#masked = new Set(this.#values.values())
    this.#masker = new Masker([...this.#masked])
    this.#epoch = epoch
    this.#problem = ''
  }

  fail(problem: string): void {
    this.#problem = problem
  }

  /** Only references to `known` paths are replaced: the bundle says what is a secret, other text that looks like one stays. */
  reveal(attributes: Attributes, known: ReadonlySet<string>, find: FindReferences): Revealed {
    const held = new Set<string>()
    const missing = new Set<string>()
    const fill = (text: string): string => {
      let out = ''
      let from = 0
      for (const { path, start, end } of find(text)) {
        if (!known.has(path)) continue
        const value = this.#values.get(path)
        if (value === undefined) missing.add(path)
        held.add(path)
        out += text.slice(from, start) + (value ?? '')
        from = end
      }
      return out + text.slice(from)
    }
    const filled = filledIn(attributes as AttributeValue, fill) as Attributes
    if (missing.size > 0) return { missing: [...missing].sort() }
    const paths = [...held].sort()
    return { attributes: filled, held: paths.map(path => this.#values.get(path) ?? ''), digest: this.#digest(paths) }
  }

  #digest(paths: readonly string[]): string {
    if (paths.length === 0) return ''
    const hmac = createHmac('sha256', this.#digestKey)
    for (const path of paths) hmac.update(JSON.stringify([path, this.#values.get(path)]))
    return hmac.digest('hex')
  }
}

function filledIn(value: unknown, fill: (text: string) => string): unknown {
  if (typeof value === 'string') return fill(value)
  if (Array.isArray(value)) return value.map(item => filledIn(item, fill))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filledIn(item, fill)]))
}
