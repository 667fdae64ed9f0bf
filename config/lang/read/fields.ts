import type { Diagnostics } from '../diagnostic.ts'
import type { ListNode, Located, MapEntry, MapNode, Node, ScalarNode } from '../node.ts'
import type { Span } from '../source.ts'
import { suggest } from '../template/index.ts'

const NOTHING: ReadonlyMap<string, MapEntry> = new Map()

/** Most unknown keys of one map that are told: it is another kind of map then. */
export const MAX_UNKNOWN = 50

/**
 * The keys of one map, read by what the language has there. `what` names the map in messages: `a configcrate`. Keys that are not
 * known are errors; a key without a value counts as absent.
 */
export class Fields {
  readonly map: MapNode
  readonly what: string
  readonly #diagnostics: Diagnostics

  constructor(map: MapNode, what: string, known: readonly string[] | 'any', diagnostics: Diagnostics) {
    this.map = map
    this.what = what
    this.#diagnostics = diagnostics
    if (known === 'any') return
    const unknown = Array.from(map.entries.values()).filter(({ key }) => !known.includes(key))
    for (const { key, keySpan } of unknown.slice(0, MAX_UNKNOWN)) {
      diagnostics.error({
        code: 'unknown-key',
        span: keySpan,
        message: `'${key.slice(0, 80)}' is not a key of ${what}`,
        hint: suggest(key, known, all => `its keys are ${all}`),
      })
    }
  }

  get span(): Span {
    return this.map.span
  }

  /** Where a message about the whole map points: its first key. */
  get firstKey(): Span {
    return this.map.entries.values().next().value?.keySpan ?? this.map.span
  }

  has(key: string): boolean {
    return this.node(key) !== undefined
  }

  node(key: string): Node | undefined {
    const node = this.map.entries.get(key)?.value
    return node === undefined || isNothing(node) ? undefined : node
  }

  /** One line of text; numbers count as they are written. */
  text(key: string): Located<string> | undefined {
    const node = this.node(key)
    return node === undefined ? undefined : this.#textOf(node, '', key)
  }

  requiredText(key: string): Located<string> | undefined {
    const text = this.text(key)
    if (!this.has(key)) this.missing(key)
    return text
  }

  scalar(key: string): ScalarNode | undefined {
    const node = this.node(key)
    if (node === undefined || node.kind === 'scalar') return node
    this.wrong(node, `'${key}' must be text, not a ${node.kind}`)
    return undefined
  }

  /** A name or a list of names. */
  names(key: string): readonly Located<string>[] {
    const node = this.node(key)
    if (node === undefined) return []
    if (node.kind === 'map') {
      this.wrong(node, `'${key}' must be a name or a list of names, not a map`, "write '[<name>, <name>]'")
      return []
    }
    const items = node.kind === 'list' ? node.items : [node]
    const names: Located<string>[] = []
    for (const item of items) {
      const name = this.#textOf(item, 'an item of ', key)
      if (name !== undefined) names.push(name)
    }
    if (names.length < 2) return names
    const seen = new Map<string, Span>()
    for (const { value, span } of names) {
      const first = seen.get(value)
      if (first !== undefined) {
        this.#diagnostics.warning({
          code: 'duplicate-name',
          span,
          message: `'${value.slice(0, 80)}' stands twice in '${key}'`,
          hint: 'take one away',
          related: [{ span: first, message: 'it stands here first' }],
        })
      } else seen.set(value, span)
    }
    return names
  }

  boolean(key: string): boolean | undefined {
    const node = this.node(key)
    if (node === undefined) return undefined
    if (node.kind === 'scalar' && typeof node.value === 'boolean') return node.value
    if (node.kind === 'scalar' && (node.source === 'true' || node.source === 'false')) return node.source === 'true'
    this.wrong(node, `'${key}' must be true or false`)
    return undefined
  }

  list(key: string): ListNode | undefined {
    const node = this.node(key)
    if (node === undefined || node.kind === 'list') return node
    this.wrong(node, `'${key}' must be a list, not ${described(node)}`, "start each item with '- '")
    return undefined
  }

  mapNode(key: string): MapNode | undefined {
    const node = this.node(key)
    if (node === undefined || node.kind === 'map') return node
    this.wrong(node, `'${key}' must be a map, not ${described(node)}`, "write '<key>: <value>' below it")
    return undefined
  }

  entries(key: string): ReadonlyMap<string, MapEntry> {
    return this.mapNode(key)?.entries ?? NOTHING
  }

  /** The items of a list that must be maps. */
  maps(key: string): readonly MapNode[] {
    const list = this.list(key)
    return list === undefined ? [] : this.mapsOf(list, `an item of '${key}'`)
  }

  mapsOf(list: ListNode, what: string): readonly MapNode[] {
    return list.items.filter((item): item is MapNode => {
      if (item.kind !== 'map')
        this.wrong(item, `${what} must be a map, not ${described(item)}`, "write '- <key>: <value>'")
      return item.kind === 'map'
    })
  }

  missing(key: string): void {
    this.#diagnostics.error({
      code: 'missing-key',
      span: this.firstKey,
      message: `${this.what} needs '${key}'`,
      hint: `add '${key}: …'`,
    })
  }

  wrong(node: Node, message: string, hint = ''): void {
    this.#diagnostics.error({ code: 'wrong-kind', span: node.span, message, hint })
  }

  /** `what` stands before the key in messages. */
  #textOf(node: Node, what: string, key: string): Located<string> | undefined {
    if (node.kind !== 'scalar' || isNothing(node)) {
      this.wrong(node, `${what}'${key}' must be text, not ${described(node)}`)
      return undefined
    }
    const value = node.source.endsWith('\n') ? node.source.slice(0, -1) : node.source
    if (value.includes('\n') || value.trim() === '') {
      this.wrong(node, value.includes('\n') ? `${what}'${key}' must be one line` : `${what}'${key}' is empty`)
      return undefined
    }
    return { value, span: node.span }
  }
}

/** `key:` and nothing behind it, or `~`. */
export function isNothing(node: Node): boolean {
  return node.kind === 'scalar' && node.value === null && node.style === 'plain'
}

export function described(node: Node): string {
  if (node.kind !== 'scalar') return `a ${node.kind}`
  return isNothing(node) ? 'nothing' : typeof node.value === 'string' ? 'text' : `a ${typeof node.value}`
}
