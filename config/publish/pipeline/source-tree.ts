import type { SourceFile } from '#config/lang'
import type { SourceIndex, TreeFile } from '#config/store'
import { sha256Hex } from '#node/kit'

/** The sources as publish works with them: their texts, and which of them are not what the live release was made of. */
export interface SourceTree {
  readonly files: readonly SourceFile[]
  /** SHA-256 of each text, by path. */
  readonly hashes: SourceIndex
  readonly changed: ReadonlySet<string>
}

/** `live`: of what sources the live release was made. */
export function sourceTreeOf(files: readonly TreeFile[], live: SourceIndex): SourceTree {
  const sources = files.map(sourceOf)
  const hashes = new Map(files.map(({ path, sha256 }) => [path, sha256]))
  return { files: sources, hashes, changed: changedOf(hashes, live) }
}

/** The tree with other texts in some files. */
export function withTexts(tree: SourceTree, texts: ReadonlyMap<string, string>, live: SourceIndex): SourceTree {
  if (texts.size === 0) return tree
  const hashes = new Map(tree.hashes)
  const files = tree.files.map(file => {
    const text = texts.get(file.path)
    if (text === undefined) return file
    hashes.set(file.path, sha256Hex(text))
    return { path: file.path, text }
  })
  return { files, hashes, changed: changedOf(hashes, live) }
}

export function sourceOf(file: TreeFile): SourceFile {
  return new TreeSource(file)
}

/** Most sources are known by their hash, and nobody asks for their text. */
class TreeSource implements SourceFile {
  readonly path: string
  readonly #file: TreeFile
  #text: string | undefined

  constructor(file: TreeFile) {
    this.path = file.path
    this.#file = file
  }

  get text(): string {
    this.#text ??= textOf(this.#file.bytes)
    return this.#text
  }

  get sha256(): string {
    return this.#file.sha256
  }
}

export function byPath(files: readonly SourceFile[]): Map<string, SourceFile> {
  return new Map(files.map(file => [file.path, file]))
}

/** The sources as files, in the order of their paths. */
export function treeFilesOf({ files, hashes }: SourceTree): TreeFile[] {
  return files.map(({ path, text }) => ({
    path,
    bytes: Buffer.from(text),
    sha256: hashes.get(path) ?? sha256Hex(text),
  }))
}

/** `readTree` lets nothing through that is not UTF-8; a byte order mark is part of the text. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

function changedOf(hashes: SourceIndex, live: SourceIndex): Set<string> {
  return new Set([...hashes].filter(([path, hash]) => live.get(path) !== hash).map(([path]) => path))
}
