import { setImmediate } from 'node:timers/promises'
import type { Diagnostic, SourceFile } from '#config/lang'
import { fixAndCheck } from '#config/lint'
import { hashOfSource, loadConfig, Memory, ReadCache, validate } from '#config/store'
import type { CheckContext, Repairs, TreeChecker, TreeVerdict } from './pipeline/index.ts'
import { programVersion } from './program-version.ts'

/** Milliseconds of work between two moments at which others may run and the signal is looked at. */
const BREATH_MS = 25

/**
 * Linter and config store as publish needs them. Keep one for a whole run, or for the life of a server: what it read once it reads
 * again only when the text changed.
 */
export function treeChecker(): TreeChecker {
  return new ConfigChecker()
}

class ConfigChecker implements TreeChecker {
  readonly memory = new Memory()
  readonly #cache = new ReadCache(this.memory)

  get version(): string {
    return programVersion()
  }

  async repair(files: readonly SourceFile[], { changed, signal }: CheckContext): Promise<Repairs> {
    const edits = new Map<string, string>()
    const diagnostics: Diagnostic[] = []
    let restedAt = performance.now()
    for (const source of files) {
      if (!changed.has(source.path) || !source.path.endsWith('.vgo')) continue
      if (performance.now() - restedAt > BREATH_MS) {
        await setImmediate()
        restedAt = performance.now()
      }
      signal?.throwIfAborted()
      if (this.memory.recall(formatted(source)) !== undefined) continue
      const { file, refusals, warnings } = fixAndCheck(source)
      if (file.text !== source.text) edits.set(source.path, file.text)
      diagnostics.push(...refusals, ...warnings)
      if (refusals.length + warnings.length === 0) this.memory.keep(formatted(file), '')
    }
    return { edits, diagnostics }
  }

  async check(files: readonly SourceFile[], { signal }: CheckContext): Promise<TreeVerdict> {
    signal?.throwIfAborted()
    const verdict = validate(loadConfig(files, { cache: this.#cache }), { memory: this.memory })
    await setImmediate()
    signal?.throwIfAborted()
    return verdict
  }
}

/** A text that the linter has nothing to do with, nor to say of. */
function formatted(file: SourceFile): string {
  return `formatted ${hashOfSource(file)}`
}
