import type { TObject, TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AnyRoute, isQueried, pathFields, serverRoutes } from '#node/api'
import { ask, errorIn } from '../http/fixture.ts'
import { TestServer } from './fixture.ts'

/** Every route of the server's own description, with input that fits and input that does not. */

let server: TestServer
let admin: string
beforeAll(async () => {
  server = await TestServer.start()
  admin = (await server.token('admin')).token
  await server.enrol('web1')
})
afterAll(async () => await server[Symbol.asyncDispose]())

const RUNS = 25

const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    '.',
    '..',
    '../..',
    'a/b',
    '%2e',
    '\0',
    '-',
    '🚀',
    '__proto__',
    'constructor',
    'web1',
    'live',
    '1e999',
  ),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.integer(), { maxLength: 3 }),
  fc.dictionary(fc.string({ maxLength: 5 }), fc.string({ maxLength: 5 }), { maxKeys: 3 }),
)

/** What fits a schema of a field, as far as a description says it. */
function fitting(schema: TSchema): fc.Arbitrary<unknown> {
  if (schema['const'] !== undefined) return fc.constant(schema['const'])
  if (Array.isArray(schema['anyOf'])) return fc.oneof(...(schema['anyOf'] as TSchema[]).map(fitting))
  const {
    minimum = 0,
    maximum = 2 ** 40,
    minLength = 0,
    maxLength = 60,
    pattern,
  } = schema as Record<string, number> & {
    pattern?: string
  }
  switch (schema['type']) {
    case 'string':
      return pattern === undefined
        ? fc.string({ minLength, maxLength: Math.min(maxLength, 60) })
        : fc.stringMatching(new RegExp(pattern), { size: '-1' })
    case 'integer':
    case 'number':
      return fc.integer({ min: minimum, max: maximum })
    case 'boolean':
      return fc.boolean()
    case 'array':
      return fc.array(fitting(schema['items'] as TSchema), { minLength: 1, maxLength: 3 })
    case 'object':
      return fc.dictionary(fc.string({ minLength: 1, maxLength: 5 }), fc.string({ maxLength: 5 }), { maxKeys: 2 })
    default:
      return fc.constant(null)
  }
}

/** Fields of a request: most fit, some are missing, some are anything, some are not known. */
function requestOf(route: AnyRoute): fc.Arbitrary<Record<string, unknown>> {
  const { properties } = route.body as TObject
  const fields = Object.entries(properties).map(([name, schema]) => {
    const value = fc.oneof({ weight: 6, arbitrary: fitting(schema) }, { weight: 1, arbitrary: nasty })
    const isInPath = pathFields(route).includes(name)
    const isThere = isInPath ? fc.constant(true) : fc.boolean()
    return fc.tuple(fc.constant(name), isThere, value)
  })
  const unknown = fc.tuple(
    fc.constant('surplus'),
    fc.integer({ min: 0, max: 9 }).map(n => n === 0),
    nasty,
  )
  return fc
    .tuple(...fields, unknown)
    .map(all => Object.fromEntries(all.filter(([, isThere]) => isThere).map(([name, , value]) => [name, value])))
}

async function send(route: AnyRoute, fields: Record<string, unknown>) {
  const inPath = pathFields(route)
  const path = inPath.reduce(
    (filled, name) => filled.replace(`:${name}`, () => encodeURIComponent(shown(fields[name]))),
    route.path,
  )
  const rest = Object.entries(fields).filter(([name]) => !inPath.includes(name))
  const query = new URLSearchParams(rest.map(([name, value]): [string, string] => [name, shown(value)]))
  const isJson = !isQueried(route)
  return await server.ask(admin, {
    method: route.method,
    path: isJson || rest.length === 0 ? path : `${path}?${query.toString()}`,
    ...(isJson
      ? { body: JSON.stringify(Object.fromEntries(rest)), headers: { 'content-type': 'application/json' } }
      : {}),
  })
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.isWellFormed() ? text : 'ill'
}

describe('whatever it is sent', () => {
  test.each(Object.entries(serverRoutes).map(([name, route]) => [name, route as AnyRoute] as const))(
    '%s answers as it says, or with an error',
    async (name, route) => {
      await fc.assert(
        fc.asyncProperty(requestOf(route), async fields => {
          const answer = await send(route, fields)
          if (answer.status !== 200) {
            const { code } = errorIn(answer)
            expect([name, answer.status < 500, code]).toEqual([name, true, code])
            return
          }
          if (route.event !== undefined) return
          const [first] = Value.Errors(route.reply, JSON.parse(answer.text))
          expect(first, `${name}: ${first?.path} ${first?.message}`).toBeUndefined()
        }),
        { numRuns: RUNS },
      )
    },
  )

  test('bodies that are no objects, or no JSON, are refused by every route that takes one', async () => {
    const posts = Object.values(serverRoutes).filter(({ method }) => method === 'POST')
    for (const { path } of posts) {
      const concrete = path.replaceAll(/:\w+/g, 'aa')
      for (const body of [
        '[]',
        '"x"',
        '1',
        'true',
        '{"a":',
        '{"__proto__":{}}',
        '\u0000',
        '{"constructor":{"prototype":{}}}',
      ]) {
        const answer = await server.ask(admin, {
          method: 'POST',
          path: concrete,
          body,
          headers: { 'content-type': 'application/json' },
        })
        expect([path, body, answer.status]).toEqual([path, body, 400])
        errorIn(answer)
      }
    }
  })

  test('paths of any kind are answered without a word about what is there', async () => {
    const segment = fc.oneof(
      fc.constantFrom(
        'api',
        'v1',
        'envoys',
        'tokens',
        '..',
        '.',
        '%2e%2e',
        '%2f',
        '%00',
        '%',
        '%zz',
        '%c0%af',
        ';',
        '*',
        '{envoy}',
      ),
      fc.string({ maxLength: 10 }).map(encodeURIComponent),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(segment, { maxLength: 6 }),
        fc.constantFrom('GET', 'POST', 'DELETE', 'PUT'),
        async (parts, method) => {
          const answer = await ask(server.http, { method, path: `/${['api', 'v1', ...parts].join('/')}` })
          expect([400, 401]).toContain(answer.status)
          expect(['bad-request', 'unauthorized']).toContain(errorIn(answer).code)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('no fault of the server was logged', () => {
    expect(server.logged.filter(({ event }) => event === 'request-failed')).toEqual([])
  })
})
