import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Diagnostic } from '#config/lang'
import { fileDiagnostic } from './file-diagnostic.ts'
import { replaceSource } from './replace-source.ts'
import type { SourceTree } from './source-tree.ts'

export interface Repaired {
  /** What was written, by path. */
  readonly written: ReadonlyMap<string, string>
  readonly diagnostics: readonly Diagnostic[]
}

const AT_ONCE = 16

/** Writes repaired texts into the operators' tree. A file that somebody changed since it was read is an error: run again. */
export async function writeRepairs(
  stacks: string,
  before: Pick<SourceTree, 'files'>,
  edits: ReadonlyMap<string, string>,
  signal: AbortSignal | undefined,
): Promise<Repaired> {
  const written = new Map<string, string>()
  const diagnostics: Diagnostic[] = []
  const queue = before.files.values()
  const work = async (): Promise<void> => {
    for (const file of queue) {
      const { path } = file
      const repaired = edits.get(path)
      if (repaired === undefined) continue
      signal?.throwIfAborted()
      const replaced = await replaceSource(join(stacks, path), file.text, repaired)
      if (replaced.outcome === 'replaced') written.set(path, repaired)
      else if (replaced.outcome === 'changed-meanwhile') diagnostics.push(changedMeanwhile(path))
      else diagnostics.push(notRepaired(path, replaced.why))
    }
  }
  // Each waits until its file is on the disk; none writes on after this returned.
  const ended = await Promise.allSettled(Array.from({ length: AT_ONCE }, work))
  const failed = ended.find(({ status }) => status === 'rejected')
  if (failed?.status === 'rejected') throw failed.reason
  return { written, diagnostics }
}

/** What a killed publish left beside the sources. */
export async function removeLeftovers(stacks: string, leftovers: readonly string[]): Promise<void> {
  for (const path of leftovers) await rm(join(stacks, path), { force: true })
}

function changedMeanwhile(path: string): Diagnostic {
  const message = `'${path}' was changed while it was being published`
  return fileDiagnostic('error', path, { code: 'changed-meanwhile', message, hint: 'run publish again' })
}

function notRepaired(path: string, why: string): Diagnostic {
  const message = `'${path}' could not be repaired in place (${why}); its repaired text is what is published`
  const hint = 'publish as its owner or as root, or run config lint --fix as its owner'
  return fileDiagnostic('warning', path, { code: 'not-repaired', message, hint })
}
