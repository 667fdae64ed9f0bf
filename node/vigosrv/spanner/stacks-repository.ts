import {
  comparePaths,
  type HistoryEntry,
  pathProblem,
  type ReleaseHash,
  releaseHash,
  shortHash,
  type TreeFile,
} from '#config/store'
import { contentsOf, filesOf, git } from '#gitback/repo'
import { codeOf, messageOf, sha256Hex } from '#node/kit'
import { SpannerError } from './errors.ts'
import { noteOfMessage, type ReleaseNote } from './release-commit.ts'

/** Folders of a commit: what servers read, and the sources that it was made of. */
export type Part = 'live' | 'stacks'

export interface StacksCommit {
  readonly commit: string
  readonly note: ReleaseNote
  readonly entry: HistoryEntry
}

interface Options {
  readonly signal: AbortSignal
  /** Of a quarantine. */
  readonly environment?: Readonly<Record<string, string>>
}

/** The releases that lead to a commit, the oldest first, in the same order and with the same numbers on every bolt that has it. */
export async function historyOf(folder: string, commit: string, options: Options): Promise<readonly StacksCommit[]> {
  const args = ['log', '-z', '--topo-order', '--reverse', '--format=%H%n%B', '--end-of-options', commit, '--']
  const { stdout } = await git(folder, args, options)
  const history: StacksCommit[] = []
  const numbers = new Map<ReleaseHash, number>()
  for (const text of stdout.toString('utf8').split('\0')) {
    const note = noteOfMessage(text.slice(41))
    if (note === null) continue
    const number = history.length + 1
    const { bolt: _bolt, restores, ...rest } = note
    const restored = restores === null ? null : (numbers.get(restores) ?? null)
    history.push({ commit: text.slice(0, 40), note, entry: { ...rest, number, restores: restored } })
    if (restores === null) numbers.set(note.release, number)
  }
  return history
}

const MAX_NOTES = 256

/** A commit's name is the hash of what it says: asked for with every status, and the same for ever. */
const notes = new Map<string, ReleaseNote>()

/** @throws SpannerError 'bad-release' for a commit that no publish makes */
export async function noteOf(folder: string, commit: string, options: Options): Promise<ReleaseNote> {
  const known = notes.get(commit)
  if (known !== undefined) return known
  const { stdout } = await git(folder, ['log', '-1', '--format=%B', '--end-of-options', commit, '--'], options)
  const note = noteOfMessage(stdout.toString('utf8'))
  if (note !== null) {
    if (notes.size >= MAX_NOTES) notes.clear()
    notes.set(commit, note)
    return note
  }
  throw bad(commit, 'its message names no release; releases are published with vigocli config publish')
}

/** The files of one part, by path. @throws SpannerError 'bad-release' */
export async function treeOf(
  folder: string,
  commit: string,
  part: Part,
  options: Options,
): Promise<readonly TreeFile[]> {
  const listed = await listOf(folder, commit, part, options)
  const contents = await contentsOf(folder, listed.values(), options)
  const files: TreeFile[] = []
  for (const [path, object] of listed) {
    const bytes = contents.get(object)
    if (bytes !== undefined) files.push({ path, bytes, sha256: sha256Hex(bytes) })
  }
  return files.toSorted((a, b) => comparePaths(a.path, b.path))
}

/** Git's names of the contents of one part, by path. @throws SpannerError 'bad-release' */
export async function listOf(
  folder: string,
  commit: string,
  part: Part,
  options: Options,
): Promise<ReadonlyMap<string, string>> {
  const objects = new Map<string, string>()
  for (const { path, mode, object } of await filesOf(folder, commit, options)) {
    if (!path.startsWith(`${part}/`)) continue
    const inside = path.slice(part.length + 1)
    const problem = mode === '100644' ? pathProblem(inside) : 'is no ordinary file'
    if (problem !== undefined) throw bad(commit, `'${path.slice(0, 200)}' ${problem}`)
    objects.set(inside, object)
  }
  return objects
}

/** The release of a commit, as its message names it. @throws SpannerError 'bad-release' when its files are others */
export async function releaseOf(
  folder: string,
  commit: string,
  options: Options,
): Promise<{ readonly note: ReleaseNote; readonly files: readonly TreeFile[] }> {
  const note = await noteOf(folder, commit, options)
  const files = await treeOf(folder, commit, 'live', options)
  if (files.length === 0) throw bad(commit, 'it has no files in live/')
  const found = releaseHash(files)
  if (found === note.release) return { note, files }
  throw bad(commit, `its files are release ${shortHash(found)}, not ${shortHash(note.release)} as it says`)
}

/** Before a commit of another machine is believed: that it is a release at all. Whether it loads is asked before it goes live. */
export async function checkStacksCommit(
  commit: string,
  where: {
    readonly repository: string
    readonly environment: Readonly<Record<string, string>>
    readonly signal: AbortSignal
  },
): Promise<void> {
  const { repository, environment, signal } = where
  try {
    await releaseOf(repository, commit, { environment, signal })
    await listOf(repository, commit, 'stacks', { environment, signal })
  } catch (error) {
    signal.throwIfAborted()
    throw codeOf(error) === 'too-large' ? bad(commit, messageOf(error)) : error
  }
}

function bad(commit: string, reason: string): SpannerError {
  return new SpannerError('bad-release', `commit ${commit.slice(0, 12)} of the stacks is not used: ${reason}`, {
    context: { commit },
  })
}
