import {
  Diagnostics,
  type FileKind,
  kindOfFile,
  type Lexeme,
  LexemeKind,
  Lexemes,
  lexemesOf,
  type MapNode,
  type Node,
  parseSource,
  type SourceFile,
} from '#config/lang'
import { type BlockResource, blockResourcesOf } from './block-resources.ts'
import { type Block, Lines, Margin, skeletonOf } from './syntax/index.ts'

interface Parsed {
  readonly root: Node | undefined
  readonly isReadable: boolean
  readonly hasEqualKeys: boolean
}

/** What rules see of a file; each part is made when it is first asked for. */
export class View {
  readonly file: SourceFile
  #lines: Lines | undefined
  #lexemes: Lexemes | undefined
  #comments: readonly Lexeme[] | undefined
  #marks: readonly Lexeme[] | undefined
  #keptEnds: ReadonlySet<number> | undefined
  #margin: Margin | undefined
  #parsed: Parsed | undefined
  #kind: { readonly is: FileKind | undefined } | undefined
  #skeleton: { readonly root: Block | undefined } | undefined
  #blockResources: readonly BlockResource[] | undefined

  constructor(file: SourceFile) {
    this.file = file
  }

  /**
   * The file after edits that change its layout only: its values are taken over, though their places are those of this text. Whether that
   * is so is shown by reading the last text afresh.
   */
  relaid(text: string): View {
    const view = new View({ path: this.file.path, text })
    view.#parsed = this.#read()
    return view
  }

  get text(): string {
    return this.file.text
  }

  get lines(): Lines {
    this.#lines ??= new Lines(this.text)
    return this.#lines
  }

  /** Of a readable file. */
  get lexemes(): Lexemes {
    this.#lexemes ??= lexemesOf(this.file) ?? Lexemes.none
    return this.#lexemes
  }

  get margin(): Margin {
    this.#margin ??= new Margin(this.lines, this.lexemes)
    return this.#margin
  }

  /** Comments that start between the two offsets. */
  commentsIn(start: number, end: number): readonly Lexeme[] {
    this.#comments ??= Array.from(this.lexemes).filter(({ kind }) => kind === LexemeKind.comment)
    return within(this.#comments, start, end)
  }

  /** Anchors, aliases and headers of block scalars that keep their final lines, which start between the two offsets. */
  marksIn(start: number, end: number): readonly string[] {
    this.#marks ??= Array.from(this.lexemes).filter(
      ({ kind, start: from, end: to }) =>
        (kind === LexemeKind.other && /[&*]/.test(this.text[from] ?? '')) ||
        (kind === LexemeKind.blockHeader && this.text.slice(from, to).includes('+')),
    )
    return within(this.#marks, start, end).map(mark => this.text.slice(mark.start, mark.end))
  }

  /** Where block scalars end that keep their final lines. */
  get keptEnds(): ReadonlySet<number> {
    this.#keptEnds ??= KEEPS_FINAL_LINES.test(this.text) ? keptEndsOf(this.text, this.lexemes) : NONE
    return this.#keptEnds
  }

  /** Whether the text is the language's YAML, keys that stand twice allowed: of two the last one counts. */
  get isReadable(): boolean {
    return this.#read().isReadable
  }

  /** Whether a readable file has keys that stand twice in one map. */
  get hasEqualKeys(): boolean {
    return this.#read().hasEqualKeys
  }

  /** The value of a readable file. */
  get root(): Node | undefined {
    return this.#read().root
  }

  get kind(): FileKind | undefined {
    this.#kind ??= { is: this.root?.kind === 'map' ? kindOfFile(this.file.path, this.root) : undefined }
    return this.#kind.is
  }

  /** The map of a configcrate or usercrate. */
  get crate(): MapNode | undefined {
    const { kind, root } = this
    return root?.kind === 'map' && (kind === 'configcrate' || kind === 'usercrate') ? root : undefined
  }

  /** Of a readable file whose layout the linter knows. */
  get skeleton(): Block | undefined {
    this.#skeleton ??= { root: this.isReadable ? skeletonOf(this.file, this.lines) : undefined }
    return this.#skeleton.root
  }

  /** The resources of a crate that stand below each other, each with its place. */
  get blockResources(): readonly BlockResource[] {
    this.#blockResources ??= blockResourcesOf(this.crate, this.skeleton)
    return this.#blockResources
  }

  #read(): Parsed {
    if (this.#parsed === undefined) {
      const diagnostics = new Diagnostics()
      const { root } = parseSource(this.file, diagnostics)
      const found = diagnostics.sorted
      const isReadable = diagnostics.leftOut === 0 && found.every(({ code }) => code === 'duplicate-key')
      this.#parsed = { root: isReadable ? root : undefined, isReadable, hasEqualKeys: found.length > 0 }
    }
    return this.#parsed
  }
}

/** A text without it has no block scalar that keeps its final lines. */
const KEEPS_FINAL_LINES = /[|>][-\d]*\+/

const NONE: ReadonlySet<number> = new Set()

function keptEndsOf(text: string, lexemes: Lexemes): ReadonlySet<number> {
  const ends = new Set<number>()
  let isKept = false
  for (const { kind, start, end } of lexemes) {
    if (kind === LexemeKind.blockHeader) isKept = text.slice(start, end).includes('+')
    if (kind === LexemeKind.blockScalar && isKept) ends.add(end)
  }
  return ends
}

/** The lexemes, of a list in order, that start between the two offsets. */
function within(lexemes: readonly Lexeme[], start: number, end: number): readonly Lexeme[] {
  let from = 0
  let to = lexemes.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if ((lexemes[middle]?.start ?? 0) < start) from = middle + 1
    else to = middle
  }
  let until = from
  while ((lexemes[until]?.start ?? end) < end) until++
  return lexemes.slice(from, until)
}
