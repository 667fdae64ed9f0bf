import { isListValue, isMapValue, keysOf, memberOf, type Value, type ValueMap } from '#config/lang'

export type Namespace = 'Vars' | 'Traits'

/** One value that a computation looked at. */
export interface Read {
  readonly namespace: Namespace
  readonly path: readonly string[]
  /** All of a map: its keys and what is below them. */
  readonly whole: boolean
}

/** What a computation has read so far, each once, with what it found. */
export class ReadLog {
  readonly reads: Read[] = []
  readonly found: string[] = []
  /** Names of the variables that were read since this was emptied. */
  readonly variables = new Set<string>()
  /** The last value that was not there. */
  missing: Read | undefined
  readTraits = false
  readonly #seen = new Set<string>()

  add(namespace: Namespace, path: readonly string[], whole: boolean, value: Value | undefined): void {
    const read = { namespace, path, whole }
    if (namespace === 'Traits') this.readTraits = true
    else if (path[0] !== undefined) this.variables.add(path[0])
    if (value === undefined) this.missing = read
    const key = `${namespace}${whole ? '*' : '.'}${path.join('\0')}`
    if (this.#seen.has(key)) return
    this.#seen.add(key)
    this.reads.push(read)
    this.found.push(foundAs(value, whole))
  }
}

/** A map whose readers are noted. The templates and conditions of the language take it for any other map. */
export class Observed extends Map<string, Value> {
  readonly #map: ValueMap
  readonly #namespace: Namespace
  readonly #path: readonly string[]
  readonly #log: ReadLog

  constructor(map: ValueMap, namespace: Namespace, log: ReadLog, path: readonly string[] = []) {
    super()
    this.#map = map
    this.#namespace = namespace
    this.#log = log
    this.#path = path
  }

  override get(key: string): Value | undefined {
    const value = memberOf(this.#map, key)
    const path = [...this.#path, key]
    this.#log.add(this.#namespace, path, false, value)
    return value !== undefined && isMapValue(value) ? new Observed(value, this.#namespace, this.#log, path) : value
  }

  override has(key: string): boolean {
    return this.get(key) !== undefined
  }

  override get size(): number {
    return this.#all().length
  }

  override keys(): MapIterator<string> {
    return this.#all().values()
  }

  override *values(): MapIterator<Value> {
    for (const [, value] of this.entries()) yield value
  }

  override *entries(): MapIterator<[string, Value]> {
    for (const key of this.#all()) yield [key, memberOf(this.#map, key) ?? null]
  }

  override [Symbol.iterator](): MapIterator<[string, Value]> {
    return this.entries()
  }

  override forEach(each: (value: Value, key: string, map: Map<string, Value>) => void): void {
    for (const [key, value] of this.entries()) each(value, key, this)
  }

  #all(): string[] {
    this.#log.add(this.#namespace, this.#path, true, this.#map)
    return keysOf(this.#map)
  }
}

/** A text that two values share only when a computation cannot tell them apart by what it reads. */
export function foundAs(value: Value | undefined, whole: boolean): string {
  if (value === undefined) return '-'
  if (typeof value === 'string') return `s${value}`
  if (isListValue(value) || (whole && isMapValue(value))) return `j${jsonOf(value)}`
  return isMapValue(value) ? 'm' : String(value)
}

const texts = new WeakMap<object, string>()

function jsonOf(value: Exclude<Value, string | number | boolean | null>): string {
  let text = texts.get(value)
  if (text === undefined) {
    text = JSON.stringify(value, (_key, each: unknown) => (each instanceof Map ? Object.fromEntries(each) : each))
    texts.set(value, text)
  }
  return text
}
