import {
  type AttributeSchema,
  type AttributeValue,
  type CrateDeclaration,
  checkAttribute,
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
  const effective =
    schema === undefined ? declaration.attributes : withDefaults(schema, declaration.attributes, defaults)
  const attributes = Array.from(effective, ([name, entry]): [string, PreparedAttribute] => {
    const own = declaration.attributes.get(name)
    const attribute = schema?.attributes.find(each => each.name === name)
    return [
      name,
      {
        name,
        entry,
        origin: own === undefined ? 'defaults' : 'resource',
        overridden: own === undefined ? undefined : defaultOf(attribute, name, defaults),
        schema: attribute,
        fixed: isTemplated(entry.value) ? undefined : fixedValue(attribute, entry),
        isOpaque: isOpaque(schema, attribute, entry),
      },
    ]
  })
  return {
    declaration,
    schema,
    attributes: new Map(attributes),
    typeDefaults: schema === undefined ? NO_DEFAULTS : defaultsOf(schema),
    isTemplated: attributes.some(([, { fixed }]) => fixed === undefined),
  }
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
  const checked = checkAttribute({ ...schema, name: key }, value)
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
