import type { TObject, TSchema } from '@sinclair/typebox'
import { type AnyRoute, type Caller, pathFields, type Routes } from './contract.ts'
import { tagOf } from './openapi.ts'

/** The routes as a page for people: what each wants and answers. */
export function renderRoutes(routes: Routes): string {
  const groups = Map.groupBy(Object.values(routes), route => tagOf(route))
  return [...groups].map(([tag, group]) => `## ${tag}\n\n${group.map(section).join('\n')}`).join('\n')
}

const ROLES: Readonly<Partial<Record<Caller, string>>> = { viewer: 'viewer', operator: 'operator', admin: 'admin' }

function section(route: AnyRoute): string {
  const path = route.path.replaceAll(/:([A-Za-z]+)/g, '{$1}')
  const lines = [`### ${route.method} ${path}`, '', `${route.summary}. Role: ${ROLES[route.caller] ?? 'none'}.`, '']
  const fields = fieldRows(route)
  if (fields.length > 0) lines.push('| field | in | form |', '|---|---|---|', ...fields, '')
  if (route.event !== undefined) lines.push(`Events: \`${form(route.event)}\``, '')
  lines.push(`Answer: \`${form(route.reply)}\``, '')
  return lines.join('\n')
}

function fieldRows(route: AnyRoute): string[] {
  const { properties, required = [] } = route.body as TObject
  const inPath = pathFields(route)
  return Object.entries(properties).map(([name, schema]) => {
    const place = inPath.includes(name) ? 'path' : route.method === 'POST' ? 'body' : 'query'
    const optional = required.includes(name) ? '' : ', optional'
    const about = schema.description === undefined ? '' : `: ${schema.description}`
    return `| \`${name}\` | ${place} | ${limits(schema)}${optional}${about} |`.replaceAll('\n', ' ')
  })
}

/** The form of one field, with its limits, where a table can say it. */
function limits(schema: TSchema): string {
  const bounds = [
    ...(schema['minimum'] === undefined ? [] : [`from ${schema['minimum']}`]),
    ...(schema['maximum'] === undefined ? [] : [`to ${schema['maximum']}`]),
    ...(schema['maxLength'] === undefined ? [] : [`at most ${schema['maxLength']} characters`]),
    ...(schema['maxItems'] === undefined ? [] : [`at most ${schema['maxItems']}`]),
  ]
  const text = `\`${form(schema).replaceAll('|', '\\|')}\``
  return bounds.length === 0 ? text : `${text} ${bounds.join(' ')}`
}

/** A schema in the notation of TypeScript. */
function form(schema: TSchema): string {
  if (schema['const'] !== undefined) return `'${schema['const']}'`
  if (Array.isArray(schema['anyOf'])) return (schema['anyOf'] as TSchema[]).map(form).join(' | ')
  switch (schema['type']) {
    case 'array': {
      const items = schema['items'] as TSchema
      return Array.isArray(items['anyOf']) ? `(${form(items)})[]` : `${form(items)}[]`
    }
    case 'object':
      return objectForm(schema)
    case 'integer':
      return 'integer'
    default:
      return typeof schema['type'] === 'string' ? schema['type'] : 'any'
  }
}

function objectForm(schema: TSchema): string {
  const patterns = Object.values((schema['patternProperties'] ?? {}) as Record<string, TSchema>)
  const [value] = patterns
  if (value !== undefined) return `{ [name]: ${form(value)} }`
  const required = (schema['required'] ?? []) as string[]
  const fields = Object.entries((schema['properties'] ?? {}) as Record<string, TSchema>)
  if (fields.length === 0) return '{}'
  return `{ ${fields.map(([name, field]) => `${name}${required.includes(name) ? '' : '?'}: ${form(field)}`).join(', ')} }`
}
