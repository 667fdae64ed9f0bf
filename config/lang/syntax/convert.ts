import { isAlias, isCollection, isMap, isPair, isScalar, type YAMLMap, type Node as YamlNode } from 'yaml'
import type { Diagnostics } from '../diagnostic.ts'
import type { ListNode, MapEntry, MapNode, Node, ScalarNode } from '../node.ts'
import type { SourceFile, Span } from '../source.ts'
import { MAX_ALIASED_TEXT, MAX_DEPTH, MAX_NODES } from './limits.ts'
import { refuseDepth } from './refusals.ts'
import { heldValue } from './scalar-value.ts'

/** A value with how large and deep it is once its aliases are expanded. Aliases share the node that they stand for. */
interface Sized {
  readonly node: Node
  readonly nodes: number
  /** UTF-16 units of all scalars. */
  readonly text: number
  readonly height: number
}

/** Makes our values of YAML's: aliases resolved within a budget, keys unique. */
export class Converter {
  readonly #file: SourceFile
  readonly #diagnostics: Diagnostics
  readonly #anchors = new Map<string, Sized | 'open'>()
  #expandedNodes = 0
  #expandedText = 0

  constructor(file: SourceFile, diagnostics: Diagnostics) {
    this.#file = file
    this.#diagnostics = diagnostics
  }

  convert(from: unknown, depth = 1): Sized {
    if (isAlias(from)) return this.#alias(from, depth)
    if (!isScalar(from) && !isCollection(from)) return leaf(this.#nothing(0))
    if (from.anchor !== undefined) this.#anchors.set(from.anchor, 'open')
    const made = isScalar(from)
      ? leaf(this.#scalar(from))
      : isMap(from)
        ? this.#map(from, depth)
        : this.#list(from.items, this.#span(from), depth)
    if (from.anchor !== undefined) this.#anchors.set(from.anchor, made)
    return made
  }

  #scalar(from: YamlNode & { value: unknown; source?: string; type?: string }): ScalarNode {
    const source = from.source ?? ''
    const style = from.type === 'PLAIN' ? 'plain' : from.type?.startsWith('BLOCK') === true ? 'block' : 'quoted'
    const span = this.#span(from)
    const { value } = from
    if (typeof value === 'number' && !Number.isFinite(value)) {
      this.#diagnostics.error({
        code: 'yaml-number',
        span,
        message: `'${source}' is not a number that a configuration can hold`,
        hint: 'quote it if it is text',
      })
    }
    return { kind: 'scalar', value: heldValue(value, source), source, style, span }
  }

  #list(items: readonly unknown[], span: Span, depth: number): Sized {
    let nodes = 1
    let text = 0
    let height = 0
    const made: Node[] = []
    for (const item of items) {
      const value = isPair(item) ? leaf(this.#nothing(span.start)) : this.convert(item, depth + 1)
      nodes += value.nodes
      text += value.text
      height = Math.max(height, value.height)
      made.push(value.node)
    }
    const node: ListNode = { kind: 'list', items: made, span }
    return { node, nodes, text, height: height + 1 }
  }

  #map(from: YAMLMap, depth: number): Sized {
    const entries = new Map<string, MapEntry>()
    let nodes = 1
    let text = 0
    let height = 0
    for (const { key: keyNode, value: valueNode } of from.items) {
      const key = isScalar(keyNode) ? (keyNode.source ?? '') : undefined
      const keySpan = this.#span(keyNode)
      const value = valueNode === null ? leaf(this.#nothing(keySpan.end)) : this.convert(valueNode, depth + 1)
      nodes += value.nodes
      text += value.text
      height = Math.max(height, value.height)
      if (key === undefined || !this.#accepts(key, keySpan, entries.get(key))) continue
      entries.set(key, { key, keySpan, value: value.node })
    }
    const node: MapNode = { kind: 'map', entries, span: this.#span(from) }
    return { node, nodes, text, height: height + 1 }
  }

  /** The last of two equal keys is the one that counts, as in YAML; it is an error all the same. */
  #accepts(key: string, span: Span, earlier: MapEntry | undefined): boolean {
    if (key === '<<') {
      this.#diagnostics.error({
        code: 'yaml-merge-key',
        span,
        message: "merge keys ('<<') are not part of the language",
        hint: "write the keys out, or give all resources of a configcrate the same attributes with 'defaults:'",
      })
      return false
    }
    if (key === '') {
      this.#diagnostics.error({
        code: 'yaml-key',
        span,
        message: 'there is no key before the colon',
        hint: "write '<key>: <value>'",
      })
      return false
    }
    if (earlier !== undefined) {
      this.#diagnostics.error({
        code: 'duplicate-key',
        span,
        message: `the key '${key.slice(0, 80)}' stands twice in one map`,
        hint: "take one away; 'vigocli config lint --fix' keeps the last one",
        related: [{ span: earlier.keySpan, message: 'it stands here first' }],
      })
    }
    return true
  }

  #alias(from: YamlNode & { source: string }, depth: number): Sized {
    const span = this.#span(from)
    const anchored = this.#anchors.get(from.source)
    if (anchored === undefined || anchored === 'open') {
      this.#diagnostics.error({
        code: 'yaml-alias',
        span,
        message:
          anchored === 'open'
            ? `the alias '*${from.source.slice(0, 80)}' stands inside the value that it stands for`
            : `no anchor '&${from.source.slice(0, 80)}' stands before this alias`,
        hint: `a value that starts with * needs quotes: "*${from.source.slice(0, 80)}"`,
      })
      return leaf(this.#nothing(span.start))
    }
    if (depth + anchored.height > MAX_DEPTH + 1) {
      refuseDepth(this.#file, span.start, this.#diagnostics)
      return leaf(this.#nothing(span.start))
    }
    const wasBeyond = this.#isBeyond
    this.#expandedNodes += anchored.nodes
    this.#expandedText += anchored.text
    if (!this.#isBeyond) return anchored
    if (!wasBeyond) {
      this.#diagnostics.error({
        code: 'yaml-alias-expansion',
        span,
        message: `with this alias the aliases of the file stand for more than ${MAX_NODES} values or ${MAX_ALIASED_TEXT} characters`,
        hint: 'aliases of aliases multiply; write the values out, or use variables',
      })
    }
    return leaf(this.#nothing(span.start))
  }

  get #isBeyond(): boolean {
    return this.#expandedNodes > MAX_NODES || this.#expandedText > MAX_ALIASED_TEXT
  }

  #nothing(offset: number): ScalarNode {
    return {
      kind: 'scalar',
      value: null,
      source: '',
      style: 'plain',
      span: { file: this.#file, start: offset, end: offset },
    }
  }

  #span(node: unknown): Span {
    const range =
      typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range) ? node.range : []
    const start = typeof range[0] === 'number' ? range[0] : 0
    const end = typeof range[1] === 'number' ? range[1] : start
    return { file: this.#file, start, end }
  }
}

function leaf(node: ScalarNode): Sized {
  return { node, nodes: 1, text: node.source.length, height: 0 }
}
