import { isDeepStrictEqual } from 'node:util'
import { ExecutorError } from '../errors.ts'
import type { ExecutorOf } from '../executor.ts'
import { editing } from './editing.ts'
import { type Json, keysOf, valueAt, withoutValue, withValue } from './json-path.ts'

const NEW_INDENT = 2

export const jsonFileExecutor: ExecutorOf<'json_file'> = editing('json_file', {
  path: ({ target_path }) => target_path,
  creates: ({ create }) => create,
  removes: ({ state }) => state === 'absent',
  edit: (text, { target_path, state, key, value }) => {
    const keys = keysOf(key)
    const is = parsed(text, target_path)
    const found = valueAt(is, keys)
    if (state === 'absent') {
      return found === undefined ? text : written(withoutValue(exact(text), keys), text)
    }
    if (value === undefined) throw new ExecutorError('failed', "json_file needs 'value'")
    const wanted = plain(value)
    if (found !== undefined && isDeepStrictEqual(found, wanted)) return text
    return written(withValue(exact(text), keys, wanted), text)
  },
})

function parsed(text: string, path: string): Json {
  if (text.trim() === '') return {}
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message quotes the file.
    throw new ExecutorError('failed', `${path} is no JSON (comments and final commas are none); it is not edited`)
  }
}

/** Numbers that JavaScript cannot hold are written again as they were. */
function exact(text: string): Json {
  if (text.trim() === '') return {}
  return JSON.parse(text, (_key, value: Json, context?: { source?: string }) => {
    const source = context?.source
    return typeof value === 'number' && source !== undefined && String(value) !== source ? rawJson(source) : value
  })
}

function rawJson(source: string): Json {
  return (JSON as unknown as { rawJSON(text: string): Json }).rawJSON(source)
}

/** Maps of the language have no prototype. */
function plain(value: unknown): Json {
  return JSON.parse(JSON.stringify(value))
}

function written(value: Json, before: string): string {
  const indent =
    /^[[{]\r?\n([ \t]+)\S/.exec(before)?.[1] ?? (before.trim() === '' || before.includes('\n') ? NEW_INDENT : 0)
  const isEnded = before === '' || before.endsWith('\n')
  return JSON.stringify(value, null, indent) + (isEnded ? '\n' : '')
}
