import {
  type AttributeSchema,
  type AttributeValue,
  type CrateDeclaration,
  checkAttribute,
  hasActions,
  isTemplated,
  type MapEntry,
  plainOf,
  type ResourceDeclaration,
  type ResourceSchema,
  resourceSchemas,
  withDefaults,
} from '#config/lang'
import { isPlainNode } from './plain-template.ts'

/** A crate as far as it is the same for all hosts. */
export interface PreparedCrate {
  readonly declaration: CrateDeclaration
  readonly resources: readonly PreparedResource[]
  /** Whether a `source:` may name a template of the tree. */
  readonly usesTemplates: boolean
}

export interface PreparedResource {
  readonly declaration: ResourceDeclaration
  /** Undefined for a custom executor's. */
  readonly schema: ResourceSchema | undefined
  /** By their canonical names. */
  readonly attributes: ReadonlyMap<string, PreparedAttribute>
  /** What holds for attributes that nobody gives. */
  readonly typeDefaults: ReadonlyMap<string, AttributeValue>
  readonly isTemplated: boolean
  /** Whether nothing but its own condition and that of its crate makes a difference to what it becomes. */
  readonly isPlain: boolean
}

export interface PreparedAttribute {
  readonly name: string
  readonly entry: MapEntry
  /** Whether it stands in the resource or in the `defaults:` of the crate. */
  readonly origin: 'resource' | 'defaults'
  /** What the resource's own value is stronger than. */
  readonly overridden: MapEntry | undefined
  readonly schema: AttributeSchema | undefined
  /** The value, where no template has to be rendered for it. */
  readonly fixed: AttributeValue | undefined
  /** Whether it fails for one text just when it fails for another: what it says is not looked into. */
  readonly isOpaque: boolean
}

const prepared = new WeakMap<CrateDeclaration, PreparedCrate>()

export function prepare(declaration: CrateDeclaration): PreparedCrate {
  let crate = prepared.get(declaration)
  if (crate === undefined) {
    const resources = declaration.resources.map(resource => prepareResource(resource, declaration.defaults))
    const usesTemplates = resources.some(
      ({ schema, attributes }) => schema?.type === 'file' && attributes.has('source'),
    )
    crate = { declaration, resources, usesTemplates }
    prepared.set(declaration, crate)
  }
  return crate
}

function prepareResource(declaration: ResourceDeclaration, defaults: ReadonlyMap<string, MapEntry>): PreparedResource {
  const schema = resourceSchemas.get(declaration.type.value)
  const known = schema === undefined ? NO_SCHEMAS : schemasOf(schema)
  const effective =
    schema === undefined ? declaration.attributes : withDefaults(schema, declaration.attributes, defaults)
  const attributes = new Map<string, PreparedAttribute>()
  let hasTemplates = false
  for (const [name, entry] of effective) {
    const own = declaration.attributes.get(name)
    const attribute = known.get(name)
    const hasTemplate = isTemplated(entry.value)
    const fixed = hasTemplate ? undefined : fixedValue(attribute, entry)
    if (fixed === undefined) hasTemplates = true
    attributes.set(name, {
      name,
      entry,
      origin: own === undefined ? 'defaults' : 'resource',
      overridden: own === undefined || defaults.size === 0 ? undefined : defaultOf(attribute, name, defaults),
      schema: attribute,
      fixed,
      isOpaque: hasTemplate && isOpaque(schema, attribute, entry),
    })
  }
  return {
    declaration,
    schema,
    attributes,
    typeDefaults: schema === undefined ? NO_DEFAULTS : defaultsOf(schema),
    isTemplated: hasTemplates,
    isPlain: !hasTemplates && !mayLookAround(declaration, schema, attributes),
  }
}

/** Whether anything but its attributes has a template, is repeated, or leads to a template of the tree. */
function mayLookAround(
  { name, when, foreach, dependsOn, before, notify, subscribes }: ResourceDeclaration,
  schema: ResourceSchema | undefined,
  attributes: ReadonlyMap<string, PreparedAttribute>,
): boolean {
  if (foreach !== undefined || hasActions(name.value) || (when !== undefined && hasActions(when.value))) return true
  if (schema?.type === 'file' && attributes.has('source')) return true
  for (const all of [dependsOn, before, notify, subscribes])
    for (const { value } of all) if (hasActions(value)) return true
  return false
}

const NO_SCHEMAS: ReadonlyMap<string, AttributeSchema> = new Map()
const knownSchemas = new WeakMap<ResourceSchema, ReadonlyMap<string, AttributeSchema>>()

function schemasOf(schema: ResourceSchema): ReadonlyMap<string, AttributeSchema> {
  let schemas = knownSchemas.get(schema)
  if (schemas === undefined) {
    schemas = new Map(schema.attributes.map(each => [each.name, each]))
    knownSchemas.set(schema, schemas)
  }
  return schemas
}

const OPAQUE_KINDS: ReadonlySet<string> = new Set(['text', 'string', 'path'])

function isOpaque(
  schema: ResourceSchema | undefined,
  attribute: AttributeSchema | undefined,
  { value }: MapEntry,
): boolean {
  if (schema === undefined || attribute === undefined || !OPAQUE_KINDS.has(attribute.type.kind)) return false
  if ('pattern' in attribute.type && attribute.type.pattern !== undefined) return false
  const { name } = attribute
  if (name === 'source' || schema.identity?.includes(name) || schema.probedUrls?.includes(name)) return false
  return (
    isPlainNode(value) && (attribute.type.kind !== 'path' || (value.kind === 'scalar' && value.source.startsWith('/')))
  )
}

function defaultOf(
  schema: AttributeSchema | undefined,
  name: string,
  defaults: ReadonlyMap<string, MapEntry>,
): MapEntry | undefined {
  const spellings = [name, ...(schema?.aliases ?? [])]
  return spellings.map(spelling => defaults.get(spelling)).find(entry => entry !== undefined)
}

/** Undefined when the value does not fit, which was reported when it was read. */
function fixedValue(schema: AttributeSchema | undefined, { key, value }: MapEntry): AttributeValue | undefined {
  if (schema === undefined) return plainOf(value)
  const checked = checkAttribute(schema.name === key ? schema : { ...schema, name: key }, value)
  return 'value' in checked ? checked.value : undefined
}

const NO_DEFAULTS: ReadonlyMap<string, AttributeValue> = new Map()
const knownDefaults = new WeakMap<ResourceSchema, ReadonlyMap<string, AttributeValue>>()

function defaultsOf(schema: ResourceSchema): ReadonlyMap<string, AttributeValue> {
  let defaults = knownDefaults.get(schema)
  if (defaults === undefined) {
    defaults = new Map(
      schema.attributes.flatMap(({ name, type, default: value }): (readonly [string, AttributeValue])[] => {
        if (value === undefined) return []
        return [[name, type.kind === 'list' ? [String(value)] : value]]
      }),
    )
    knownDefaults.set(schema, defaults)
  }
  return defaults
}
