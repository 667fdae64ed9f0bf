import type { TObject, TSchema } from '@sinclair/typebox'
import { type AnyRoute, isQueried, pathFields, type Routes } from './contract.ts'

/** The routes as an OpenAPI 3.1 document. */
export function openApiDocument(routes: Routes, version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const [name, route] of Object.entries(routes)) {
    const path = route.path.replaceAll(/:([A-Za-z]+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(name, route) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Vigo server', version, description: INTRODUCTION },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    tags: [...new Set(Object.values(routes).map(tagOf))].map(tag => ({ name: tag })),
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'vgot_…' } },
      schemas: { Error: ERROR },
    },
  }
}

const INTRODUCTION =
  'Every call needs a token of a role: viewer, operator or admin, each of which includes the ones before. Times are Unix milliseconds.'

const ERROR = {
  type: 'object',
  required: ['code', 'message'],
  properties: {
    code: { type: 'string', description: 'stable, for programs' },
    message: { type: 'string', description: 'what happened, to which thing, and what to do next' },
    details: { type: 'object' },
  },
}

const ERROR_ANSWER = {
  description: 'Refused or failed',
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
}

function operation(name: string, route: AnyRoute): object {
  const { properties, required = [] } = route.body as TObject
  const inPath = pathFields(route)
  const rest = Object.entries(properties).filter(([field]) => !inPath.includes(field))
  const parameters = [
    ...inPath.map(field => ({ name: field, in: 'path', required: true, schema: plain(properties[field]) })),
    ...(isQueried(route)
      ? rest.map(([field, schema]) => ({
          name: field,
          in: 'query',
          required: required.includes(field),
          schema: plain(schema),
        }))
      : []),
  ]
  return {
    operationId: name,
    summary: route.summary,
    tags: [tagOf(route)],
    'x-role': route.caller,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(isQueried(route) || rest.length === 0 ? {} : { requestBody: bodyOf(rest, required) }),
    responses: { 200: answerOf(route), default: ERROR_ANSWER },
  }
}

function bodyOf(fields: readonly (readonly [string, TSchema])[], required: readonly string[]): object {
  const names = fields.map(([name]) => name)
  const needed = required.filter(name => names.includes(name))
  const schema = {
    type: 'object',
    properties: Object.fromEntries(fields.map(([name, field]) => [name, plain(field)])),
    ...(needed.length === 0 ? {} : { required: needed }),
    additionalProperties: false,
  }
  return { required: needed.length > 0, content: { 'application/json': { schema } } }
}

function answerOf({ reply, event }: AnyRoute): object {
  if (event === undefined) {
    return { description: 'Done', content: { 'application/json': { schema: plain(reply) } } }
  }
  const line = (field: string, schema: unknown): object => ({
    type: 'object',
    required: [field],
    properties: { [field]: schema },
  })
  const schema = {
    oneOf: [
      line('event', plain(event)),
      line('reply', plain(reply)),
      line('error', { $ref: '#/components/schemas/Error' }),
    ],
  }
  return {
    description: 'JSON lines: events, then the reply or an error. Empty lines show that it lives.',
    content: { 'application/x-ndjson': { schema } },
  }
}

/** Without what only this program knows of a schema. */
function plain(schema: unknown): unknown {
  return JSON.parse(JSON.stringify(schema)) as unknown
}

const TAGS: Readonly<Record<string, string>> = {
  config: 'configuration',
  spanner: 'configuration',
  envoys: 'envoys',
  fleet: 'envoys',
  task: 'tasks',
  tasks: 'tasks',
  workflow: 'tasks',
  workflows: 'tasks',
  members: 'members',
  'join-tokens': 'members',
  tokens: 'access',
  whoami: 'access',
  audit: 'access',
}

/** What a route is about, by the segment after the version. */
export function tagOf({ path }: Pick<AnyRoute, 'path'>): string {
  return TAGS[path.split('/')[3] ?? ''] ?? 'server'
}
