import {
  type AttributeValue,
  checkAttribute,
  checkRules,
  Diagnostics,
  findSecretReferences,
  type MapEntry,
  plainOf,
  type SourceFile,
} from '#config/lang'
import { isTreeSource, reportUnknownTemplate, templateNamed } from '../tree/index.ts'
import type { TemplateData } from './data.ts'
import { isPlainTemplate } from './plain-template.ts'
import type { PreparedAttribute, PreparedResource } from './prepared.ts'
import type { Problem, Report } from './problem.ts'
import { renderFile, renderNode } from './render.ts'

/** A template of the tree, and the `source:` that names it. */
export interface UsedTemplate {
  readonly source: string
  readonly file: SourceFile
}

/** The attributes of one resource, and what became known on the way. */
export interface CompiledAttributes {
  readonly values: ReadonlyMap<string, AttributeValue>
  /** Variables that went into each attribute. */
  readonly variables: ReadonlyMap<string, readonly string[]>
  /** The template of the tree that `content` was made of. */
  readonly template: UsedTemplate | undefined
}

export interface ResourceContext {
  readonly data: TemplateData
  readonly templates: ReadonlyMap<string, SourceFile>
  readonly report: Report
}

/** Renders and checks what the resource says. An attribute that fails is left out, and reported. */
export function compileAttributes(resource: PreparedResource, context: ResourceContext): CompiledAttributes {
  if (resource.isPlain) return { values: fixedValues(resource), variables: NO_VARIABLES, template: undefined }
  const values = new Map<string, AttributeValue>()
  const variables = new Map<string, readonly string[]>()
  const rendered = new Map<string, MapEntry>()
  let isComplete = true
  for (const attribute of resource.attributes.values()) {
    if (attribute.fixed !== undefined) {
      values.set(attribute.name, attribute.fixed)
      rendered.set(attribute.name, attribute.entry)
      continue
    }
    context.data.guessed = false
    context.data.log.forgetVariables()
    context.data.lookInto(!attribute.isOpaque)
    const entry = compileOne(attribute, values, context)
    context.data.lookInto(true)
    variables.set(attribute.name, context.data.log.variables)
    if (entry === undefined) isComplete = false
    else rendered.set(attribute.name, entry)
  }
  if (resource.isTemplated && isComplete) checkRenderedRules(resource, rendered, context.report)
  const template = inlineTemplate(resource, rendered, values, variables, context)
  for (const [name, value] of resource.typeDefaults) if (!values.has(name)) values.set(name, value)
  if (resource.isTemplated) checkSecrets(resource, values, context.report)
  return { values, variables, template }
}

const NO_VARIABLES: CompiledAttributes['variables'] = new Map()

function fixedValues({ attributes, typeDefaults }: PreparedResource): ReadonlyMap<string, AttributeValue> {
  const values = new Map<string, AttributeValue>()
  for (const { name, fixed } of attributes.values()) if (fixed !== undefined) values.set(name, fixed)
  for (const [name, value] of typeDefaults) if (!values.has(name)) values.set(name, value)
  return values
}

function compileOne(
  attribute: PreparedAttribute,
  values: Map<string, AttributeValue>,
  { data, report }: ResourceContext,
): MapEntry | undefined {
  const { name, entry, schema } = attribute
  const kind = schema?.type.kind ?? 'any'
  const node = renderNode(entry.value, kind, { data, report, placeholders: schema?.placeholders })
  if (node === undefined) return undefined
  if (schema === undefined) {
    values.set(name, plainOf(node))
    return { ...entry, value: node }
  }
  const checked = checkAttribute(schema.name === entry.key ? schema : { ...schema, name: entry.key }, node)
  if ('problem' in checked) {
    const { message } = checked.problem
    const hidden = schema.sensitive === true ? `'${entry.key}' has a value that it cannot have` : message
    if (!data.guessed) report({ ...checked.problem, message: hidden, variables: data.log.variables })
    return undefined
  }
  values.set(name, checked.value)
  return { ...entry, value: node }
}

/** Rules of the type that a template kept from being asked before. */
function checkRenderedRules(
  { schema, declaration }: PreparedResource,
  attributes: ReadonlyMap<string, MapEntry>,
  report: Report,
): void {
  if (schema === undefined) return
  const found = new Diagnostics()
  checkRules(schema, { ...declaration, attributes }, found)
  for (const { severity, ...problem } of found.sorted) if (severity === 'error') report(problem)
}

/** `source: templates/motd.tmpl` becomes the content that the template makes. */
function inlineTemplate(
  { schema }: PreparedResource,
  rendered: ReadonlyMap<string, MapEntry>,
  values: Map<string, AttributeValue>,
  variables: Map<string, readonly string[]>,
  { data, templates, report }: ResourceContext,
): UsedTemplate | undefined {
  if (schema?.type !== 'file') return undefined
  const source = values.get('source')
  const entry = rendered.get('source')
  if (typeof source !== 'string' || entry === undefined || !isTreeSource(source)) return undefined
  const file = templateNamed(templates, source)
  if (file === undefined) {
    const error = (problem: Problem) => report({ ...problem, variables: variables.get('source') ?? [] })
    if (!data.guessed) reportUnknownTemplate({ value: source, span: entry.value.span }, templates, { error })
    return undefined
  }
  data.guessed = false
  data.log.forgetVariables()
  data.lookInto(!isPlainTemplate(file.text))
  const content = renderFile(file, { data, report })
  data.lookInto(true)
  values.delete('source')
  if (content !== undefined) values.set('content', content)
  variables.set('content', data.log.variables)
  return { source, file }
}

/** References that only a template made whole. */
function checkSecrets(resource: PreparedResource, values: ReadonlyMap<string, AttributeValue>, report: Report): void {
  for (const { name, entry, fixed } of resource.attributes.values()) {
    if (fixed !== undefined) continue
    for (const { path, problem } of secretsIn(values.get(name))) {
      if (problem === undefined) continue
      const message = `'${entry.key}' refers to the secret '${path.slice(0, 120)}': ${problem}`
      report({
        code: 'secret-reference',
        span: entry.value.span,
        message,
        hint: "write for example 'secret:vigo/webapp/url'",
      })
    }
  }
}

export function secretsIn(value: AttributeValue | undefined): ReturnType<typeof findSecretReferences> {
  if (typeof value === 'string') return findSecretReferences(value)
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(secretsIn)
}
