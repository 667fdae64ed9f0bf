/** What templates compute with. Maps are `Map`s or plain records, of which only own properties are keys. */
export type Value = string | number | boolean | null | readonly Value[] | ValueMap
export type ValueMap = ReadonlyMap<string, Value> | ValueRecord
export type ValueRecord = { readonly [key: string]: Value }

export type ValueKind = 'string' | 'number' | 'boolean' | 'null' | 'list' | 'map'

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

export function isMap(value: Value): value is ValueMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function kindOf(value: Value): ValueKind {
  if (value === null) return 'null'
  if (isList(value)) return 'list'
  const type = typeof value
  return type === 'object' ? 'map' : (type as 'string' | 'number' | 'boolean')
}

/** `a string`, `null`: for messages. */
export function describeKind(value: Value): string {
  const kind = kindOf(value)
  return kind === 'null' ? kind : `a ${kind}`
}

/** The value of a key, never something inherited; undefined when the value is no map or has no such key. */
export function memberOf(value: Value, key: string): Value | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (value instanceof Map) return value.get(key)
  if (Array.isArray(value)) return undefined
  return Object.hasOwn(value, key) ? (value as ValueRecord)[key] : undefined
}

export function keysOf(map: ValueMap): string[] {
  return map instanceof Map ? [...map.keys()] : Object.keys(map)
}

/** As Go sorts them when it prints or ranges over a map. */
export function sortedKeys(map: ValueMap): string[] {
  return keysOf(map).sort(compareText)
}

export function sizeOf(map: ValueMap): number {
  return map instanceof Map ? map.size : Object.keys(map).length
}

/** Go's truth: everything but false, 0, null and what is empty. */
export function isTrue(value: Value): boolean {
  if (typeof value === 'number') return value !== 0
  if (typeof value !== 'object') return Boolean(value)
  if (value === null) return false
  return isList(value) ? value.length > 0 : sizeOf(value) > 0
}

/** By code points, which is also the order of UTF-8 bytes; `<` on strings compares UTF-16 units. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const x = a.charCodeAt(at)
    const y = b.charCodeAt(at)
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

/** Surrogates stand for code points above all others. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}

/** Bytes in UTF-8, which is what Go counts in strings. */
export function byteLength(text: string): number {
  return Buffer.byteLength(text, 'utf8')
}
