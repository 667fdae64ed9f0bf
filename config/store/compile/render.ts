import {
  type AttributeKind,
  hasActions,
  isListValue,
  isMapValue,
  keysOf,
  type MapEntry,
  memberOf,
  type Node,
  type ParsedTemplate,
  parseTemplate,
  placeInside,
  renderTemplate,
  renderValue,
  type ScalarNode,
  type SourceFile,
  type Span,
  type Template,
  type TemplateProblem,
  type Value,
} from '#config/lang'
import type { TemplateData } from './data.ts'
import type { Report } from './problem.ts'

const NO_WORDS: readonly string[] = []
const templates = new WeakMap<object, ParsedTemplate>()

/** The template in a value or a file, read once. A value always has the same placeholders. */
export function templateIn(holder: object, text: string, placeholders = NO_WORDS): Template | undefined {
  let parsed = templates.get(holder)
  if (parsed === undefined) {
    parsed = parseTemplate(text, { placeholders })
    templates.set(holder, parsed)
  }
  return parsed.ok ? parsed.template : undefined
}

/** Kinds whose value may be more than text: a template that is a single action gives them the value itself. */
const DEEP: ReadonlySet<AttributeKind['kind']> = new Set(['list', 'map', 'any'])

export interface RenderOptions {
  readonly data: TemplateData
  readonly report: Report
  readonly placeholders?: readonly string[] | undefined
}

/** The value with its templates rendered. Undefined when that failed, which is reported unless only a guess failed. */
export function renderNode(node: Node, kind: AttributeKind['kind'], options: RenderOptions): Node | undefined {
  switch (node.kind) {
    case 'scalar':
      return renderScalar(node, kind, options)
    case 'list': {
      const items = node.items.map(item => renderNode(item, kind === 'any' ? 'any' : 'text', options))
      const known = items.filter(item => item !== undefined)
      return known.length < items.length ? undefined : { ...node, items: known }
    }
    case 'map': {
      const entries = new Map<string, MapEntry>()
      for (const entry of node.entries.values()) {
        const value = renderNode(entry.value, kind === 'any' ? 'any' : 'text', options)
        if (value === undefined) return undefined
        entries.set(entry.key, { ...entry, value })
      }
      return { ...node, entries }
    }
  }
}

function renderScalar(node: ScalarNode, kind: AttributeKind['kind'], options: RenderOptions): Node | undefined {
  if (typeof node.value !== 'string' || !hasActions(node.value)) return node
  const template = templateIn(node, node.value, options.placeholders)
  if (template === undefined) return undefined
  if (!DEEP.has(kind)) {
    const text = renderText(template, options, (start, end) => placeInside(node, start, end))
    return text === undefined ? undefined : quoted(text, node.span)
  }
  const rendered = renderValue(template, options.data.for(template))
  if (rendered.ok) return nodeOf(rendered.value, node.span)
  reportProblem(rendered.error, options, (start, end) => placeInside(node, start, end))
  return undefined
}

/** A one-line text of the tree: a name, a condition. */
export function renderLine(
  text: { readonly value: string; readonly span: Span },
  options: RenderOptions,
): string | undefined {
  if (!hasActions(text.value)) return text.value
  const template = templateIn(text, text.value)
  if (template === undefined) return undefined
  return renderText(template, options, () => text.span)
}

/** What a `.tmpl` file becomes. */
export function renderFile(file: SourceFile, options: RenderOptions): string | undefined {
  const template = templateIn(file, file.text)
  if (template === undefined) return undefined
  return renderText(template, options, (start, end) => ({ file, start, end: Math.max(end, start) }))
}

type Place = (start: number, end: number) => Span

function renderText(template: Template, options: RenderOptions, place: Place): string | undefined {
  const rendered = renderTemplate(template, options.data.for(template))
  if (rendered.ok) return rendered.text
  reportProblem(rendered.error, options, place)
  return undefined
}

function reportProblem(error: TemplateProblem, { data, report }: RenderOptions, place: Place): void {
  if (data.guessed && error.code !== 'missing') return
  const span = place(error.offset, error.offset + Math.max(1, error.length))
  const { message, hint, code } = error
  const missing = data.log.missing
  const { variables } = data.log
  if (code !== 'missing' || missing === undefined) {
    report({ code: `template-${code}`, span, message, hint, variables })
  } else if (missing.namespace === 'Traits') {
    report({
      code: 'missing-trait',
      span,
      message,
      hint: `the host does not report it${hint === '' ? '' : `: ${hint}`}; if it may be missing, read it with default`,
    })
  } else if (missing.path.length > 1) {
    report({ code: 'missing-variable', span, message, hint, variables: missing.path.slice(0, 1) })
  } else {
    const advice = `give '${missing.path[0] ?? ''}' a default in the crate's 'vars:', or set it where the host is matched`
    report({
      code: 'missing-variable',
      span,
      message,
      hint: withAdvice(hint.startsWith('did you') ? hint : '', advice),
    })
  }
}

function withAdvice(hint: string, advice: string): string {
  return hint === '' ? advice : `${hint} Otherwise ${advice}`
}

function quoted(text: string, span: Span): ScalarNode {
  return { kind: 'scalar', value: text, source: text, style: 'quoted', span }
}

/** A value that a template made, at the place of the template. */
function nodeOf(value: Value, span: Span): Node {
  if (isListValue(value)) return { kind: 'list', items: value.map(item => nodeOf(item, span)), span }
  if (isMapValue(value)) {
    const entries = keysOf(value).map((key): [string, MapEntry] => [
      key,
      { key, keySpan: span, value: nodeOf(memberOf(value, key) ?? null, span) },
    ])
    return { kind: 'map', entries: new Map(entries), span }
  }
  if (typeof value === 'string') return quoted(value, span)
  return { kind: 'scalar', value, source: value === null ? '' : String(value), style: 'plain', span }
}
