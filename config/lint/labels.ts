import {
  attributeNamed,
  customLabel,
  labelOf,
  type MapEntry,
  type MapNode,
  type Node,
  resourceSchemas,
  withDefaults,
} from '#config/lang'
import { resourcesOf, textOf } from './crate.ts'

/** What labels start with. */
export const LABEL = '#~'

/** Whether a comment that is alone on its line is a label, the linter's to replace; `#~~~` is an operator's. */
export function isLabel(comment: string): boolean {
  return comment.startsWith(LABEL) && /^#~(?:\s|$)/.test(comment)
}

const MAX_LINE = 100
const MAX_TYPES = 40

/** The block comment of a crate: the types of its resources, in the order in which they first occur. */
export function crateLabel(crate: MapNode): readonly string[] {
  const types = Array.from(new Set(resourcesOf(crate).map(resource => textOf(resource, 'type')))).filter(isType)
  if (types.length === 0) return [`${LABEL} Manages nothing`]
  const named = types.length > MAX_TYPES ? [...types.slice(0, MAX_TYPES), `${types.length - MAX_TYPES} more`] : types
  const lines = [`${LABEL} Manages`]
  for (const [at, type] of named.entries()) {
    const word = ` ${type}${at + 1 < named.length ? ',' : ''}`
    const last = lines.at(-1) ?? ''
    if (last.length + word.length > MAX_LINE) lines.push(`${LABEL}  ${word}`)
    else lines[lines.length - 1] = last + word
  }
  return lines
}

/** What a resource does, on one line. Undefined for one without a type. */
export function resourceLabel(resource: MapNode, crate: MapNode): string | undefined {
  const type = textOf(resource, 'type')
  if (!isType(type)) return undefined
  const schema = resourceSchemas.get(type)
  if (schema === undefined) return `${LABEL} ${customLabel(type, textOf(resource, 'name') ?? 'this host')}`.trimEnd()
  const own = new Map<string, MapEntry>()
  for (const entry of resource.entries.values()) {
    const attribute = attributeNamed(schema, entry.key)
    if (attribute !== undefined) own.set(attribute.name, entry)
  }
  const defaults = crate.entries.get('defaults')?.value
  const attributes = defaults?.kind === 'map' ? withDefaults(schema, own, defaults.entries) : own
  const isHidden = (name: string) => attributeNamed(schema, name)?.sensitive === true
  const label = labelOf(schema, name => (isHidden(name) ? undefined : shown(attributes.get(name)?.value)))
  return `${LABEL} ${label}`.trimEnd()
}

function shown(node: Node | undefined): string | undefined {
  if (node?.kind === 'list') {
    const texts = node.items.slice(0, 20).map(item => (item.kind === 'scalar' ? item.source : ''))
    return texts.filter(text => text !== '').join(', ') || undefined
  }
  return node?.kind === 'scalar' && node.source !== '' ? node.source : undefined
}

function isType(type: string | undefined): type is string {
  return type !== undefined && /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(type)
}
