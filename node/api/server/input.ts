import { Value } from '@sinclair/typebox/value'
import type { FastifyRequest } from 'fastify'
import { dictionary } from '#node/kit'
import { type AnyRoute, isQueried, pathFields } from '../contract.ts'
import { ApiError } from '../errors.ts'

/** What the caller sent, from path, query and body, as the route's schema says. @throws ApiError 'bad-request' */
export function readInput(route: AnyRoute, request: FastifyRequest): unknown {
  const inPath = pathFields(route)
  const sent = isQueried(route) ? request.query : (request.body ?? {})
  if (typeof sent !== 'object' || sent === null || Array.isArray(sent)) {
    throw new ApiError('bad-request', 'the body must be a JSON object')
  }
  const twice = inPath.find(name => Object.hasOwn(sent, name))
  if (twice !== undefined) throw new ApiError('bad-request', `${twice} is in the path; it cannot be sent again`)
  const fields = dictionary([...Object.entries(sent), ...Object.entries(request.params as object)])
  const given = isQueried(route) ? Value.Convert(route.body, fields) : fields
  if (Value.Check(route.body, given)) return given
  const [first] = Value.Errors(route.body, given)
  const field = first?.path.slice(1).replaceAll('/', '.') || 'the request'
  throw new ApiError('bad-request', `${field.slice(0, 200)}: ${first?.message ?? 'is wrong'}`)
}

/** The bytes of an upload. @throws ApiError 'bad-request' without a length; 'unsupported-type' for a body that is something else */
export function uploadOf(request: FastifyRequest): {
  readonly bytes: AsyncIterable<Uint8Array>
  readonly sizeBytes: number
} {
  const sizeBytes = Number(request.headers['content-length'])
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) {
    throw new ApiError('bad-request', 'an upload must say its length (Content-Length)')
  }
  const { body } = request
  if (body === undefined && sizeBytes === 0) return { bytes: nothing(), sizeBytes }
  if (isStream(body)) return { bytes: body, sizeBytes }
  throw new ApiError('unsupported-type', 'send the bytes themselves (Content-Type: application/octet-stream)')
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function isStream(body: unknown): body is AsyncIterable<Uint8Array> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body
}
