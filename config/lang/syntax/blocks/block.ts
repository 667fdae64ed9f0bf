/** A block map or block list with its place: what a linter moves and indents. Flow collections are values, taken as they are. */
export interface Block {
  readonly kind: 'map' | 'list'
  readonly items: readonly BlockItem[]
}

/** An entry of a map, or an item of a list, without the comments around it. Offsets of the text. */
export interface BlockItem {
  /** Of its anchor, key or dash. */
  readonly start: number
  /** Behind its last character that is neither blank nor comment. */
  readonly end: number
  /** Of an entry; undefined when it is no plain text. */
  readonly key: string | undefined
  /** Where the value starts: a flow collection, a scalar, a block. Undefined when there is none. */
  readonly valueStart: number | undefined
  /** The value, where it is a block. */
  readonly block: Block | undefined
}

/** Keys of the language need no escapes; one that has some is left as it is written. */
export function unquotedKey(source: string): string {
  const quoted = /^(["'])([^"'\\]*)\1$/.exec(source)
  return quoted?.[2] ?? source
}
