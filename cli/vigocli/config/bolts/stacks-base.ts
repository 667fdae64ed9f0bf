import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathProblem } from '#config/store'
import { isHex, writeFileAtomic } from '#node/kit'

/**
 * What a tree of sources has seen of what others publish. It is a file of the tree itself, which publish does not see, so that it goes where
 * the tree goes: a machine may have several, and several machines may have one.
 */
export interface StacksBase {
  /** Everything up to this commit of the stacks is in the tree, or was left out on purpose. */
  readonly commit: string
  /** Files that were changed here and elsewhere; until somebody removes what stands beside them. */
  readonly conflicts: readonly string[]
}

const NAME = '.vigo-base'
const MAX_BYTES = 16 * 2 ** 20

/** Beside a file that was changed here and elsewhere; publish does not see it. */
export function besidesOf(path: string): string {
  return `${path}.published`
}

/** Null when there is none, or none that can be understood. */
export async function readBase(stacks: string): Promise<StacksBase | null> {
  const text = await readFile(join(stacks, NAME), 'utf8').catch(() => '')
  if (text.length > MAX_BYTES) return null
  try {
    const { commit, conflicts } = JSON.parse(text) as Readonly<Record<string, unknown>>
    if (typeof commit !== 'string' || !isHex(commit, 20) || !Array.isArray(conflicts)) return null
    const paths = conflicts.filter(path => typeof path === 'string' && pathProblem(path) === undefined)
    return { commit, conflicts: paths }
  } catch {
    return null
  }
}

export async function writeBase(stacks: string, { commit, conflicts }: StacksBase): Promise<void> {
  await writeFileAtomic(join(stacks, NAME), `${JSON.stringify({ format: 1, commit, conflicts })}\n`, { mode: 0o644 })
}

/** Conflicts that nobody has resolved. */
export async function unresolved(stacks: string, base: StacksBase | null): Promise<string[]> {
  const left: string[] = []
  for (const path of base?.conflicts ?? []) {
    const isThere = await access(join(stacks, besidesOf(path))).then(
      () => true,
      () => false,
    )
    if (isThere) left.push(path)
  }
  return left
}
