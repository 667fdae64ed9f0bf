import type { SourceFile } from '#config/lang'
import { sha256Hex } from '#node/kit'

/** UTF-16 units of all keys and values; the largest tree of the budgets needs a twentieth. */
const MAX_UNITS = 64 * 1024 * 1024

/**
 * What was found to be without fault, by everything that the finding depended on: text to text, so that it can outlive its process. Only
 * silence is kept. Whatever has something to tell is computed again, so that every message comes from the place that it speaks of.
 */
export class Memory {
  #known: ReadonlyMap<string, string>
  #current = new Map<string, string>()
  #units = 0
  #hasNews = false

  constructor(known: ReadonlyMap<string, string> = new Map()) {
    this.#known = known
  }

  recall(key: string): string | undefined {
    const current = this.#current.get(key)
    if (current !== undefined) return current
    const value = this.#known.get(key)
    if (value !== undefined) this.#put(key, value)
    return value
  }

  keep(key: string, value: string): void {
    if (this.recall(key) === value) return
    this.#hasNews = true
    this.#put(key, value)
  }

  /** What was asked for or found since this began; the rest is of files that are no more. */
  get records(): ReadonlyMap<string, string> {
    return this.#current
  }

  get isEmpty(): boolean {
    return this.#known.size === 0 && this.#current.size === 0
  }

  /** Whether the records are not those that it began with. */
  get hasNews(): boolean {
    return this.#hasNews
  }

  /** Begins again, with what another run found. */
  restart(known: ReadonlyMap<string, string>): void {
    this.#known = known
    this.#current = new Map()
    this.#units = 0
    this.#hasNews = false
  }

  #put(key: string, value: string): void {
    this.#units += key.length + value.length
    if (this.#units <= MAX_UNITS) this.#current.set(key, value)
  }
}

const hashes = new WeakMap<SourceFile, string>()

/** Of the path and the text. */
export function hashOfSource(file: SourceFile): string {
  let hash = hashes.get(file)
  if (hash === undefined) {
    hash = sha256Hex(`${file.path}\0${file.sha256 ?? sha256Hex(file.text)}`)
    hashes.set(file, hash)
  }
  return hash
}
