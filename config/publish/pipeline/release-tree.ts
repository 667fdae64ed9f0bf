import type { Diagnostic } from '#config/lang'
import type { TreeFile } from '#config/store'
import { sha256Hex } from '#node/kit'
import { stripComments } from '../strip/index.ts'
import type { TreeVerdict } from './checker.ts'
import type { SourceTree } from './source-tree.ts'

export interface ReleaseTree {
  readonly files: readonly TreeFile[]
  /** Paths that are left out. */
  readonly pruned: readonly string[]
  /** Warnings. */
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * What is released of a tree: without the crates and templates that nothing refers to, and its crates without comments. A source that did
 * not change since is released as the live release has it.
 */
export function releaseTreeOf(
  tree: SourceTree,
  verdict: Pick<TreeVerdict, 'crates' | 'unreferenced'>,
  live: readonly TreeFile[],
  options: { noPrune: boolean },
): ReleaseTree {
  const released = new Map(live.map(file => [file.path, file]))
  const files: TreeFile[] = []
  const pruned: string[] = []
  const diagnostics: Diagnostic[] = []
  for (const source of tree.files) {
    const { path } = source
    const before = tree.changed.has(path) ? undefined : released.get(path)
    if (!options.noPrune && verdict.unreferenced.has(path)) pruned.push(path)
    else if (before !== undefined) files.push(before)
    else if (!verdict.crates.has(path)) files.push(treeFile(path, source.text))
    else {
      const { text, isComplete } = stripComments(source)
      files.push(treeFile(path, text))
      if (!isComplete) diagnostics.push(commentsStay(source))
    }
  }
  return { files, pruned, diagnostics }
}

function treeFile(path: string, text: string): TreeFile {
  return { path, bytes: Buffer.from(text), sha256: sha256Hex(text) }
}

function commentsStay(file: { path: string; text: string }): Diagnostic {
  return {
    code: 'comments-released',
    severity: 'warning',
    span: { file, start: 0, end: 0 },
    message: 'the comments of this crate are released with it: without them it might mean something else',
    hint: 'look for control characters, and for comments in unusual places',
    related: [],
  }
}
