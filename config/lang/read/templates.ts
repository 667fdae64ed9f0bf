import { isTemplated } from '../attribute/index.ts'
import type { Diagnostics } from '../diagnostic.ts'
import type { Node, ScalarNode } from '../node.ts'
import { placeInside } from '../syntax/index.ts'
import {
  closestName,
  hasActions,
  parseTemplate,
  type TemplateProblem,
  type TemplateReference,
} from '../template/index.ts'

/** Most errors of one kind in one value; whoever has more has one cause, and finding the place of each takes time. */
export const MAX_REPORTED = 20

/** What templates of a place may read. */
export interface TemplateContext {
  /** `Vars`, `Traits` … */
  readonly namespaces: readonly string[]
  readonly placeholders?: readonly string[]
}

/** In resources; items only where something is repeated. */
export function resourceContext(isRepeated: boolean): TemplateContext {
  return isRepeated ? repeatedContext : onceContext
}

const onceContext: TemplateContext = { namespaces: ['Vars', 'Traits'] }
const repeatedContext: TemplateContext = { namespaces: ['Vars', 'Traits', 'Item', 'Each'] }

/** In tasks and steps of workflows. */
export const taskContext: TemplateContext = { namespaces: ['Params'] }

/** Reports templates that cannot be read, and those that read what is not there, at their place in the file. */
export function checkTemplates(node: Node, context: TemplateContext, diagnostics: Diagnostics): void {
  if (!isTemplated(node)) return
  let reported = 0
  for (const { text, reference } of referencesIn(node, context, diagnostics)) {
    const [namespace = ''] = reference.path
    if (context.namespaces.includes(namespace) || ++reported > MAX_REPORTED) continue
    diagnostics.error({
      code: 'template-namespace',
      span: placeInside(text, reference.offset, reference.offset + reference.length),
      message: `templates have no '.${namespace.slice(0, 60)}' here`,
      hint: hintFor(namespace, context.namespaces, literalHint(text.source, reference.offset)),
    })
  }
}

interface FoundReference {
  readonly text: ScalarNode
  readonly reference: TemplateReference
}

/** What the templates in a value read, after syntax errors were reported. */
export function referencesIn(
  node: Node,
  context: TemplateContext,
  diagnostics: Diagnostics,
): readonly FoundReference[] {
  const found: FoundReference[] = []
  findReferences(node, context, diagnostics, found)
  return found
}

function findReferences(node: Node, context: TemplateContext, diagnostics: Diagnostics, found: FoundReference[]): void {
  if (node.kind === 'list') for (const item of node.items) findReferences(item, context, diagnostics, found)
  if (node.kind === 'map')
    for (const { value } of node.entries.values()) findReferences(value, context, diagnostics, found)
  if (node.kind !== 'scalar' || typeof node.value !== 'string' || !hasActions(node.value)) return
  const parsed = parseTemplate(node.value, { placeholders: context.placeholders ?? [] })
  if (parsed.ok) for (const reference of parsed.template.usesVariables) found.push({ text: node, reference })
  else for (const problem of parsed.errors) reportProblem(node, problem, diagnostics)
}

function reportProblem(node: ScalarNode, problem: TemplateProblem, diagnostics: Diagnostics): void {
  const { code, offset, length, message, hint } = problem
  const literal = literalHint(node.source, offset)
  diagnostics.error({
    code: `template-${code}`,
    span: placeInside(node, offset, offset + Math.max(1, length)),
    message,
    hint: hint === '' ? literal.replace(/^; /, '') : `${hint}${literal}`,
  })
}

function hintFor(namespace: string, namespaces: readonly string[], literal: string): string {
  if (namespace === 'Item' || namespace === 'Each')
    return `'.${namespace}' is there only where 'foreach:' repeats something`
  const near = closestName(namespace, namespaces)
  if (near !== undefined) return `did you mean '.${near}'?`
  return `they know ${namespaces.map(name => `.${name}`).join(' and ')}${literal}`
}

/** Braces that another program should read: how to write the action at the offset literally. */
function literalHint(text: string, offset: number): string {
  const start = text.lastIndexOf('{{', offset)
  const end = start < 0 ? -1 : text.indexOf('}}', start)
  if (end < 0 || end - start > 60) return ''
  const action = text.slice(start, end + 2)
  if (action.includes('`') || action.includes('\n')) return ''
  return `; if this is not meant as a template, write {{ \`${action}\` }}`
}
