import { isListValue, isMapValue, keysOf, memberOf, type Value, type ValueMap } from '#config/lang'

export type Namespace = 'Vars' | 'Traits'

/** One value that a computation looked at. */
export interface Read {
  readonly namespace: Namespace
  readonly path: readonly string[]
  readonly grade: Grade
}

/** How closely: what kind of value is there, the value of a scalar or list, or all of a map. */
export type Grade = 'kind' | 'value' | 'whole'

/** What a computation has read so far, each once, with what it found. */
export class ReadLog {
  readonly reads: Read[] = []
  readonly found: string[] = []
  /** The last value that was not there. */
  missing: Read | undefined
  readTraits = false
  /** How closely values are looked at, unless all of a map is. */
  grade: 'kind' | 'value' = 'value'
  #seen: Set<string> | undefined
  #variables: Set<string> | undefined
  readonly #whole: ReadLog | undefined

  /** `whole`: the log of the computation that this one is a part of. */
  constructor(whole?: ReadLog) {
    this.#whole = whole
  }

  /** Names of the variables that were read since they were forgotten. */
  get variables(): readonly string[] {
    return this.#variables === undefined ? NO_NAMES : [...this.#variables]
  }

  /** The reads with what they found, in their order; without those of traits, which are made up, for nobody in particular. */
  kept(isForHost: boolean): [reads: readonly Read[], found: readonly string[]] {
    if (isForHost || this.reads.every(({ namespace }) => namespace === 'Vars')) return [this.reads, this.found]
    const isKept = (at: number): boolean => this.reads[at]?.namespace === 'Vars'
    return [this.reads.filter((_, at) => isKept(at)), this.found.filter((_, at) => isKept(at))]
  }

  forgetVariables(): void {
    this.#variables = undefined
  }

  add(namespace: Namespace, path: readonly string[], grade: Grade, value: Value | undefined): void {
    if (namespace === 'Traits') this.readTraits = true
    else if (path[0] !== undefined) {
      this.#variables ??= new Set()
      this.#variables.add(path[0])
    }
    if (value === undefined) this.missing = { namespace, path, grade }
    const key = `${namespace}${grade}${path.length === 1 ? path[0] : path.join('\0')}`
    this.#seen ??= new Set()
    if (this.#seen.has(key)) return
    this.#seen.add(key)
    this.#whole?.add(namespace, path, grade, value)
    this.reads.push({ namespace, path, grade })
    this.found.push(foundAs(value, grade))
  }
}

const NO_NAMES: readonly string[] = []

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
    this.#log.add(this.#namespace, path, this.#log.grade, value)
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

  /** As `foundAs`, of all that is in it. */
  foundWhole(): string {
    this.#all()
    return foundAs(this.#map, 'whole')
  }

  #all(): string[] {
    this.#log.add(this.#namespace, this.#path, 'whole', this.#map)
    return keysOf(this.#map)
  }
}

/** A text that two values share only when a computation cannot tell them apart by what it reads. */
export function foundAs(value: Value | undefined, grade: Grade): string {
  if (value === undefined) return '-'
  if (typeof value === 'string') return grade === 'kind' && isWord(value) ? 'w' : `s${value}`
  if (isListValue(value) || (grade === 'whole' && isMapValue(value))) return `j${jsonOf(value)}`
  if (isMapValue(value)) return 'm'
  return grade === 'kind' ? typeof value : String(value)
}

/** A text that stands anywhere in another one without meaning something: no path, no reference, no truth value. */
function isWord(text: string): boolean {
  return /^\w(?:[\w.:@+-]{0,198}\w)?$/.test(text) && !/\.\.|secret|^(?:true|false|null)$/i.test(text)
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
