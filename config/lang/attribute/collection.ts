import { dictionary } from '#node/kit'
import type { Node, ScalarNode } from '../node.ts'
import type { AttributeKind } from '../schema.ts'
import { shown } from './expectation.ts'
import { hasSecret, scalar } from './scalar.ts'
import { Unfit } from './unfit.ts'

export function listOf(name: string, type: Extract<AttributeKind, { kind: 'list' }>, node: Node): string[] {
  const separator = type.separator ?? ','
  const items =
    node.kind === 'list'
      ? node.items.map(item => scalar(name, item, 'a list of texts'))
      : pieces(scalar(name, node, type), separator)
  return items.map(item => {
    const { source: text, span } = item
    if (type.pattern === undefined || type.pattern.test(text) || hasSecret(text)) return text
    throw new Unfit(
      `'${name}' must hold ${type.patternMeans ?? 'other values'}, not ${shown(text)}`,
      'correct the value',
      span,
    )
  })
}

export function mapOf(name: string, node: Node): Readonly<Record<string, string>> {
  if (node.kind === 'map') {
    return dictionary(
      Array.from(
        node.entries.values(),
        ({ key, value }) => [key, scalar(name, value, 'a map of texts').source] as const,
      ),
    )
  }
  const pairs = pieces(scalar(name, node, { kind: 'map' }), ',').map(({ source }) => {
    const at = source.indexOf('=')
    if (at > 0) return [source.slice(0, at).trim(), source.slice(at + 1)] as const
    const hint = 'write K=V,K=V; when a value contains a comma, write a map'
    throw new Unfit(`'${name}' must be pairs K=V with commas between, but ${shown(source)} has no =`, hint)
  })
  return dictionary(pairs)
}

function pieces(node: ScalarNode, separator: string): ScalarNode[] {
  const texts = node.source.split(separator).map(text => text.trim())
  return texts.filter(text => text !== '').map(text => ({ ...node, value: text, source: text }))
}
