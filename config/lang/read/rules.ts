import { isTemplated } from '../attribute/index.ts'
import type { Diagnostics } from '../diagnostic.ts'
import type { MapEntry } from '../node.ts'
import type { ResourceRule, ResourceSchema } from '../schema.ts'
import { attributeNamed, expectedAttributes, requiredAttributes } from './attributes.ts'
import { checkGuard } from './guard.ts'
import { inState, type RuledResource, titleOf } from './title.ts'

/**
 * The rules of a type over several attributes, required ones included. Rules that depend on a value which is still a template say
 * nothing: they are asked again after it is rendered.
 */
export function checkRules(schema: ResourceSchema, resource: RuledResource, diagnostics: Diagnostics): void {
  const state = stateOf(schema, resource.attributes)
  for (const { name } of requiredAttributes(schema)) {
    if (!resource.attributes.has(name)) missing([name], resource, undefined, diagnostics)
  }
  for (const rule of schema.rules) checkRule(rule, resource, state, diagnostics)
  if (state !== 'absent') warnOfDefaults(schema, resource, diagnostics)
}

/** The state that a resource has, the type's default included. Undefined when it is a template. */
export function stateOf(schema: ResourceSchema, attributes: ReadonlyMap<string, MapEntry>): string | undefined {
  const node = attributes.get('state')?.value
  if (node === undefined) return String(attributeNamed(schema, 'state')?.default ?? '')
  return node.kind === 'scalar' && !isTemplated(node) ? node.source : undefined
}

function checkRule(
  rule: ResourceRule,
  resource: RuledResource,
  state: string | undefined,
  diagnostics: Diagnostics,
): void {
  const { attributes } = resource
  switch (rule.rule) {
    case 'one-of': {
      const given = rule.attributes.map(name => attributes.get(name)).filter(entry => entry !== undefined)
      const [first, second] = given
      if (first !== undefined && second !== undefined) exclusive(first, second, diagnostics)
      if (first !== undefined || !rule.required || state === undefined || rule.exceptIn?.includes(state) === true)
        return
      missing(rule.attributes, resource, state, diagnostics)
      return
    }
    case 'required-in': {
      if (state === undefined || !rule.states.includes(state)) return
      for (const name of rule.attributes) if (!attributes.has(name)) missing([name], resource, state, diagnostics)
      return
    }
    case 'needs': {
      const entry = attributes.get(rule.attribute)
      if (entry === undefined || isOff(entry) !== false || isOff(attributes.get(rule.other)) !== true) return
      diagnostics.error({
        code: 'missing-attribute',
        span: entry.keySpan,
        message: `'${rule.attribute}' needs '${rule.other}'`,
        hint: `add '${rule.other}:', or take '${rule.attribute}' away`,
      })
      return
    }
    case 'not-with': {
      const first = attributes.get(rule.attribute)
      const second = attributes.get(rule.other)
      if (first !== undefined && second !== undefined) exclusive(second, first, diagnostics)
      return
    }
    case 'guard':
      checkGuard(rule, resource, state, diagnostics)
  }
}

/** Whether an attribute is absent or false. Undefined when it is a template. */
function isOff(entry: MapEntry | undefined): boolean | undefined {
  if (entry === undefined) return true
  if (isTemplated(entry.value)) return undefined
  return entry.value.kind === 'scalar' && entry.value.source === 'false'
}

function missing(
  names: readonly string[],
  resource: RuledResource,
  state: string | undefined,
  diagnostics: Diagnostics,
): void {
  const listed = names.map(attribute => `'${attribute}'`).join(' or ')
  diagnostics.error({
    code: 'missing-attribute',
    span: resource.type.span,
    message: `${titleOf(resource)} needs ${listed}${inState(resource, state)}`,
    hint: `add '${names[0] ?? ''}: …'`,
  })
}

function exclusive(first: MapEntry, second: MapEntry, diagnostics: Diagnostics): void {
  diagnostics.error({
    code: 'exclusive-attributes',
    span: second.keySpan,
    message: `'${second.key}' cannot stand together with '${first.key}'`,
    hint: 'take one of them away',
    related: [{ span: first.keySpan, message: `'${first.key}' is here` }],
  })
}

function warnOfDefaults(schema: ResourceSchema, resource: RuledResource, diagnostics: Diagnostics): void {
  const absent = expectedAttributes(schema).filter(({ name }) => !resource.attributes.has(name))
  if (absent.length === 0) return
  const names = absent.map(({ name }) => `'${name}'`).join(', ')
  const lines = absent.map(
    ({ name, default: value }) => `${name}: ${name === 'mode' ? `"${String(value)}"` : String(value)}`,
  )
  diagnostics.warning({
    code: 'default-attribute',
    span: resource.type.span,
    message: `${titleOf(resource)} does not say ${names}`,
    hint: `this holds then: ${lines.join(', ')}`,
  })
}
