import { type AnyRoute, isQueried, pathFields } from '../contract.ts'
import { ApiError } from '../errors.ts'

/** Where the fields of a call go: path with its query, and what is left for a JSON body. */
export function requestLine(
  route: AnyRoute,
  fields: Readonly<Record<string, unknown>>,
): { readonly target: string; readonly body: object | undefined } {
  const inPath = pathFields(route)
  const path = inPath.reduce((filled, name) => filled.replace(`:${name}`, segment(name, fields[name])), route.path)
  const rest = Object.entries(fields).filter(([name, value]) => !inPath.includes(name) && value !== undefined)
  if (!isQueried(route)) return { target: path, body: Object.fromEntries(rest) }
  const query = new URLSearchParams(rest.map(([name, value]): [string, string] => [name, String(value)])).toString()
  return { target: query === '' ? path : `${path}?${query}`, body: undefined }
}

/** A segment that a URL would take for a step up or for nothing, or that is no Unicode, cannot be sent. */
function segment(name: string, value: unknown): string {
  const text = String(value)
  if (text === '' || text === '.' || text === '..' || !text.isWellFormed()) {
    throw new ApiError('bad-request', `'${text}' is no ${name}`)
  }
  return encodeURIComponent(text)
}
