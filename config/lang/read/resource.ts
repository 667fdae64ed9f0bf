import { checkAttribute, isTemplated } from '../attribute/index.ts'
import type { ResourceDeclaration } from '../declarations.ts'
import type { Diagnostics } from '../diagnostic.ts'
import type { Located, MapEntry, MapNode } from '../node.ts'
import { resourceSchemas } from '../resource/index.ts'
import type { ResourceSchema } from '../schema.ts'
import { suggest } from '../template/index.ts'
import { attributeNamed } from './attributes.ts'
import { checkCondition } from './conditions.ts'
import { derivedName } from './derived-name.ts'
import { Fields, MAX_UNKNOWN } from './fields.ts'
import { readForeach } from './foreach.ts'
import { checkResourceName } from './names.ts'
import { checkRules } from './rules.ts'
import { checkSecrets } from './secrets.ts'
import { checkTemplates, resourceContext } from './templates.ts'
import { checkMeaning } from './variables.ts'

const graphKeys = ['depends_on', 'before', 'notify', 'subscribes']

/** Keys that every resource may have; all others are attributes of its type. */
export const resourceKeys: readonly string[] = [
  'name',
  'type',
  'foreach',
  'when',
  ...graphKeys,
  'skip_validation',
  'custom',
]

/** What names the resource or others, perhaps by templates. */
const namingKeys = ['name', ...graphKeys]

/** File name of a custom executor, and so never a path. */
const TYPE = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/

/**
 * One item of `resources:`. One without a type, or of a type that nobody knows, is declared like a custom executor's: others may refer
 * to it, and its author has been told.
 */
export function readResource(
  map: MapNode,
  crate: { readonly defaults: ReadonlyMap<string, MapEntry>; readonly isRepeated: boolean },
  diagnostics: Diagnostics,
): ResourceDeclaration {
  const fields = new Fields(map, 'a resource', 'any', diagnostics)
  const type = fields.requiredText('type') ?? { value: 'resource', span: fields.firstKey }
  const skipsValidation = fields.boolean('skip_validation') === true
  const isCustom = fields.boolean('custom') === true || skipsValidation
  const schema = resourceSchemas.get(type.value)
  if (fields.has('type')) checkType(type, schema, isCustom, diagnostics)
  const attributes = schema === undefined ? ownAttributes(map) : readAttributes(map, schema, diagnostics)
  const context = resourceContext(crate.isRepeated || fields.has('foreach'))
  for (const { key, value } of attributes.values()) {
    checkSecrets(value, diagnostics)
    const placeholders = schema && attributeNamed(schema, key)?.placeholders
    checkTemplates(value, placeholders === undefined ? context : { ...context, placeholders }, diagnostics)
  }
  checkCondition(fields.node('when'), context, diagnostics)
  for (const key of namingKeys) {
    const node = fields.node(key)
    if (node !== undefined) checkTemplates(node, context, diagnostics)
  }
  const given = fields.text('name')
  const effective = schema === undefined ? attributes : withDefaults(schema, attributes, crate.defaults)
  const name = given ?? { value: derivedName(type.value, schema, effective), span: type.span }
  checkResourceName(name, diagnostics)
  const resource: ResourceDeclaration = {
    name,
    nameIsDerived: given === undefined,
    type,
    span: map.span,
    attributes,
    when: fields.text('when'),
    dependsOn: fields.names('depends_on'),
    before: fields.names('before'),
    notify: fields.names('notify'),
    subscribes: fields.names('subscribes'),
    foreach: readForeach(fields, diagnostics),
    custom: schema === undefined,
  }
  if (schema !== undefined) checkRules(schema, { ...resource, attributes: effective }, diagnostics)
  return resource
}

/** The attributes of a resource with those of its crate's `defaults:` that its type knows; its own win. */
export function withDefaults(
  schema: ResourceSchema,
  attributes: ReadonlyMap<string, MapEntry>,
  defaults: ReadonlyMap<string, MapEntry>,
): ReadonlyMap<string, MapEntry> {
  if (defaults.size === 0) return attributes
  const joined = new Map<string, MapEntry>()
  for (const entry of defaults.values()) {
    const attribute = attributeNamed(schema, entry.key)
    if (attribute !== undefined) joined.set(attribute.name, entry)
  }
  for (const [name, entry] of attributes) joined.set(name, entry)
  return joined
}

function checkType(
  type: Located<string>,
  schema: ResourceSchema | undefined,
  isCustom: boolean,
  diagnostics: Diagnostics,
): void {
  const { value, span } = type
  if (schema !== undefined && isCustom) {
    diagnostics.warning({
      code: 'not-custom',
      span,
      message: `'${value}' is a type of the product, so 'skip_validation' and 'custom' do nothing`,
      hint: 'take the key away',
    })
  } else if (schema === undefined && !isCustom) {
    const known = suggest(value, Array.from(resourceSchemas.keys()), all => `types are ${all}.`)
    diagnostics.error({
      code: 'unknown-type',
      span,
      message: `the resource type '${value.slice(0, 60)}' is not known`,
      hint: `${known} A custom executor's resource needs 'skip_validation: true'`,
    })
  } else if (schema === undefined && !TYPE.test(value)) {
    diagnostics.error({
      code: 'unknown-type',
      span,
      message: `'${value.slice(0, 60)}' cannot be the type of a custom executor`,
      hint: 'it is the file name of the executor: letters, digits, dashes and underscores',
    })
  }
}

function ownAttributes(map: MapNode): ReadonlyMap<string, MapEntry> {
  return new Map(Array.from(map.entries).filter(([key]) => !resourceKeys.includes(key)))
}

/** By their canonical names; what the author wrote is the entry's key. */
function readAttributes(map: MapNode, schema: ResourceSchema, diagnostics: Diagnostics): ReadonlyMap<string, MapEntry> {
  const attributes = new Map<string, MapEntry>()
  let unknown = 0
  for (const entry of map.entries.values()) {
    const { key, keySpan, value } = entry
    const attribute = attributeNamed(schema, key)
    if (attribute === undefined) {
      if (resourceKeys.includes(key) || ++unknown > MAX_UNKNOWN) continue
      const known = [...schema.attributes.map(({ name }) => name), ...resourceKeys]
      diagnostics.error({
        code: 'unknown-attribute',
        span: keySpan,
        message: `'${key.slice(0, 80)}' is not an attribute of ${schema.type}`,
        hint: suggest(key, known, all => `its attributes are ${all}`),
      })
      continue
    }
    const earlier = attributes.get(attribute.name)
    if (earlier !== undefined) {
      diagnostics.error({
        code: 'duplicate-attribute',
        span: keySpan,
        message: `'${key}' and '${earlier.key}' are the same attribute`,
        hint: `keep '${attribute.name}'`,
        related: [{ span: earlier.keySpan, message: `'${earlier.key}' is here` }],
      })
      continue
    }
    attributes.set(attribute.name, entry)
    if (attribute.type.kind === 'any') checkMeaning(value, diagnostics)
    if (isTemplated(value)) continue
    const checked = checkAttribute(key === attribute.name ? attribute : { ...attribute, name: key }, value)
    if ('problem' in checked) diagnostics.error(checked.problem)
  }
  return attributes
}
