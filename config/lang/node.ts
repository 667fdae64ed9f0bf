import type { Span } from './source.ts'

/** A YAML value with its place. Aliases are resolved, tags are refused, keys are strings and occur once. */
export type Node = ScalarNode | ListNode | MapNode

export interface ScalarNode {
  readonly kind: 'scalar'
  readonly value: string | number | boolean | null
  /** A plain scalar as it stands in the file: `0644` stays `0644`, though its value is a number. Of other scalars the text. */
  readonly source: string
  readonly style: 'plain' | 'quoted' | 'block'
  readonly span: Span
}

export interface ListNode {
  readonly kind: 'list'
  readonly items: readonly Node[]
  readonly span: Span
}

export interface MapNode {
  readonly kind: 'map'
  readonly entries: ReadonlyMap<string, MapEntry>
  readonly span: Span
}

export interface MapEntry {
  readonly key: string
  readonly keySpan: Span
  readonly value: Node
}

/** A value that an author wrote, with its place. */
export interface Located<T> {
  readonly value: T
  readonly span: Span
}
