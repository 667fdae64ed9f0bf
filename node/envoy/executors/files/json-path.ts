import { ExecutorError } from '../errors.ts'

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/** Keys of a path with dots between; `\.` is a dot in a key. @throws ExecutorError 'failed' for an empty key */
export function keysOf(path: string): readonly string[] {
  const keys = [...path.matchAll(/((?:[^.\\]|\\.?)*)(?:\.|$)/g)].map(match =>
    (match[1] ?? '').replace(/\\([.\\])/g, '$1'),
  )
  const all = path.endsWith('.') ? keys : keys.slice(0, -1)
  if (path === '' || all.includes(''))
    throw new ExecutorError('failed', `'${path}' has an empty key; write a.b or a.0.b`)
  return all
}

/** Undefined when there is none. */
export function valueAt(json: Json, keys: readonly string[]): Json | undefined {
  let value: Json | undefined = json
  for (const key of keys) {
    if (isList(value)) value = /^\d+$/.test(key) ? value[Number(key)] : undefined
    else if (isMap(value) && Object.hasOwn(value, key)) value = value[key]
    else return undefined
  }
  return value
}

/** The same with a value in its place; objects on the way are made. @throws ExecutorError 'failed' when something else is in the way */
export function withValue(json: Json, keys: readonly string[], value: Json, path: readonly string[] = []): Json {
  const [key, ...rest] = keys
  if (key === undefined) return value
  const here = [...path, key]
  if (isList(json)) {
    const at = positionIn(json, key, here)
    const inner = json[at] ?? {}
    return json.toSpliced(at, 1, withValue(inner, rest, value, here))
  }
  if (!isMap(json)) {
    throw new ExecutorError('failed', `'${path.join('.')}' is ${kindOf(json)}, so that nothing can be set in it`)
  }
  const inner = Object.hasOwn(json, key) ? json[key] : undefined
  const entries = Object.entries(json)
  const changed: [string, Json] = [key, withValue(inner ?? {}, rest, value, here)]
  const at = entries.findIndex(([name]) => name === key)
  return Object.fromEntries(at === -1 ? [...entries, changed] : entries.with(at, changed))
}

/** The same without a value that is there. @throws ExecutorError 'failed' for a position of a list */
export function withoutValue(json: Json, keys: readonly string[]): Json {
  const [key, ...rest] = keys
  if (key === undefined) return json
  if (isList(json)) {
    if (rest.length > 0) return json.map((item, at) => (at === Number(key) ? withoutValue(item, rest) : item))
    throw new ExecutorError(
      'failed',
      'a position of a list cannot be absent: the next item would be there in the next run; set the whole list',
    )
  }
  if (!isMap(json)) return json
  const entries = Object.entries(json).flatMap(([name, value]): [string, Json][] => {
    if (name !== key) return [[name, value]]
    return rest.length === 0 ? [] : [[name, withoutValue(value, rest)]]
  })
  return Object.fromEntries(entries)
}

function positionIn(list: readonly Json[], key: string, path: readonly string[]): number {
  const at = /^\d{1,9}$/.test(key) ? Number(key) : -1
  if (at >= 0 && at <= list.length) return at
  throw new ExecutorError('failed', `'${path.join('.')}' is no position in a list of ${list.length}`)
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value)
}

function isMap(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRaw(value)
}

/** A number that JavaScript cannot hold. */
function isRaw(value: object): boolean {
  return (JSON as unknown as { isRawJSON(value: unknown): boolean }).isRawJSON(value)
}

function kindOf(value: Json): string {
  if (value === null) return 'null'
  return typeof value === 'object' ? 'a number' : `a ${typeof value}`
}
