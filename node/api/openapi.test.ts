import { readFileSync } from 'node:fs'
import { Type } from '@sinclair/typebox'
import { describe, expect, test } from 'vitest'
import { isQueried, openApiDocument, pathFields, renderRoutes, route, serverRoutes } from '#node/api'

describe('the OpenAPI document', () => {
  const document = openApiDocument(serverRoutes, '1.2.3') as {
    openapi: string
    paths: Record<string, Record<string, { operationId: string; parameters?: { name: string; in: string }[] }>>
  }
  const operations = Object.values(document.paths).flatMap(methods => Object.values(methods))

  test('has every route once, under its name', () => {
    expect(document.openapi).toBe('3.1.0')
    expect(operations.map(({ operationId }) => operationId).toSorted()).toEqual(Object.keys(serverRoutes).toSorted())
  })

  test('says of every field of a path where it goes', () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      for (const { parameters = [] } of Object.values(methods)) {
        expect(parameters.filter(parameter => parameter.in === 'path').map(({ name }) => name)).toEqual(named)
      }
    }
  })

  test('is plain JSON: what is sent is what the routes say', () => {
    expect(JSON.parse(JSON.stringify(document))).toEqual(document)
  })
})

describe('the routes of the server', () => {
  const routes = Object.entries(serverRoutes)

  test('refuse fields that they do not know', () => {
    const open = routes.filter(([, { body }]) => body.additionalProperties !== false).map(([name]) => name)
    expect(open).toEqual([])
  })

  test('are for roles, and writing needs more than reading', () => {
    for (const [name, { caller, method }] of routes) {
      expect(['viewer', 'operator', 'admin'], name).toContain(caller)
      if (method !== 'GET') expect(caller, name).not.toBe('viewer')
    }
  })

  test('have a field for each name in their path, which is text', () => {
    for (const [name, each] of routes) {
      for (const field of pathFields(each)) {
        const schema = (each.body.properties as Record<string, { type?: string; pattern?: string }>)[field]
        expect([name, schema?.type]).toEqual([name, 'string'])
        expect(new RegExp(schema?.pattern ?? '').test('a/b'), name).toBe(false)
      }
    }
  })

  test('bound every text that they are sent', () => {
    for (const [name, { body }] of routes) {
      for (const [field, schema] of Object.entries(body.properties as Record<string, Record<string, unknown>>)) {
        if (schema['type'] !== 'string') continue
        const isBounded = schema['maxLength'] !== undefined || /^\^.*\$$/.test(String(schema['pattern']))
        expect(isBounded, `${name}.${field}`).toBe(true)
      }
    }
  })
})

test('fields travel in the path, the query or the body', () => {
  const read = route({
    method: 'DELETE',
    path: '/x/:a/y/:b',
    summary: '',
    caller: 'viewer',
    body: Type.Object({}),
    reply: Type.Object({}),
  })
  expect([pathFields(read), isQueried(read), isQueried({ method: 'POST' })]).toEqual([['a', 'b'], true, false])
})

/** With `vitest -u` it is written anew. */
test('docs/api.md is what the routes say', async () => {
  const file = new URL('../../docs/api.md', import.meta.url).pathname
  const [introduction] = readFileSync(file, 'utf8').split(/^## /m)
  await expect(`${introduction}${renderRoutes(serverRoutes)}`).toMatchFileSnapshot(file)
})
