import {
  type Foreach,
  isListValue,
  isMapValue,
  type Located,
  memberOf,
  plainOf,
  type Span,
  type Value,
} from '#config/lang'
import type { TemplateData } from './data.ts'
import type { Report } from './problem.ts'
import { renderNode } from './render.ts'

/** Most times that one `foreach` repeats something. */
const MAX_ITEMS = 1000

export interface Item {
  readonly value: Value
  /** What tells it from the others: the text, the `name` of a map, or its turn. */
  readonly label: string
}

/** The items that `foreach` repeats something for. Undefined when they cannot be had, which is reported. */
export function itemsOf(foreach: Foreach, data: TemplateData, report: Report): readonly Item[] | undefined {
  const list = 'items' in foreach ? inlineItems(foreach, data, report) : listNamed(foreach, data, report)
  if (list === undefined) return undefined
  if (list.length > MAX_ITEMS) {
    const message = `'foreach' would repeat this ${list.length} times; ${MAX_ITEMS} are allowed`
    report({ code: 'foreach', span: foreach.span, message, hint: 'repeat it for fewer items' })
    return undefined
  }
  return labelled(list, foreach.span, report)
}

function inlineItems(
  list: Extract<Foreach, { items: unknown }>,
  data: TemplateData,
  report: Report,
): Value[] | undefined {
  const rendered = list.items.map(item => renderNode(item, 'any', { data, report }))
  const known = rendered.filter(item => item !== undefined)
  return known.length < rendered.length ? undefined : known.map(plainOf)
}

function listNamed(name: Located<string>, data: TemplateData, report: Report): readonly Value[] | undefined {
  const path = name.value.split('.')
  const isItem = (path[0] === 'Item' || path[0] === 'Each') && data.item !== undefined
  let value: Value | undefined = isItem ? data.item : data.variables
  for (const key of isItem ? path.slice(1) : path) value = value === undefined ? undefined : memberOf(value, key)
  if (value !== undefined && isListValue(value)) return value
  const hint = "write a list: '[a, b]', or one item on each line with '- ' before it"
  if (value === undefined) {
    const advice = `give '${path[0] ?? ''}' a default in the crate's 'vars:', for example '${path[0] ?? ''}: []'`
    const message = `'foreach' repeats over '${name.value}', which is not set`
    report({
      code: 'missing-variable',
      span: name.span,
      message,
      hint: advice,
      variables: isItem ? [] : path.slice(0, 1),
    })
  } else {
    const message = `'foreach' needs a list, but '${name.value}' is ${kindOf(value)}`
    report({ code: 'foreach', span: name.span, message, hint, variables: isItem ? [] : path.slice(0, 1) })
  }
  return undefined
}

function kindOf(value: Value): string {
  return value === null
    ? 'empty'
    : isMapValue(value)
      ? 'a map'
      : typeof value === 'string'
        ? 'text'
        : `a ${typeof value}`
}

function labelled(list: readonly Value[], span: Span, report: Report): Item[] | undefined {
  const items = list.map((value, at): Item => ({ value, label: labelOf(value) ?? String(at + 1) }))
  const labels = new Set<string>()
  for (const { label } of items) {
    if (labels.has(label)) {
      const message = `'foreach' has two items '${label.slice(0, 80)}', which would make the same thing twice`
      report({ code: 'foreach', span, message, hint: "take one away, or give maps different values of 'name'" })
      return undefined
    }
    labels.add(label)
  }
  return items
}

function labelOf(value: Value): string | undefined {
  if (isListValue(value)) return undefined
  const text = isMapValue(value) ? memberOf(value, 'name') : value
  return typeof text === 'string' || typeof text === 'number' ? String(text).slice(0, 128) : undefined
}
