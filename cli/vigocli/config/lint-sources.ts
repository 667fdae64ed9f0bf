import { open, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { type Diagnostic, Diagnostics, decodeSource, MAX_SOURCE_BYTES, refuseSize, type SourceFile } from '#config/lang'
import { ReleaseError, readTree } from '#config/store'
import { codeOf, messageOf } from '#node/kit'

/** Files of one tree that are to be linted. Their kind follows from their path in it. */
export interface LintSources {
  readonly root: string
  readonly files: readonly SourceFile[]
  /** Files that could not be read. */
  readonly diagnostics: readonly Diagnostic[]
}

const TREE_FOLDERS = ['configcrates', 'usercrates', 'roles', 'tasks', 'workflows']

/** The `.vgo` files that the paths mean, files or folders; all of `stacks` without any. @throws ReleaseError 'no-folder', 'no-permission' */
export async function lintSources(
  paths: readonly string[],
  stacks: string,
  signal: AbortSignal,
): Promise<LintSources[]> {
  if (paths.length === 0) return [await readFolder(stacks, '', signal)]
  const sources: LintSources[] = []
  for (const named of paths) {
    signal.throwIfAborted()
    const path = await placeOf(named, stacks)
    const inStacks = isWithin(stacks, path)
    if (!(await isFolder(path))) sources.push(await readFile(inStacks ? stacks : rootOf(path), path))
    else if (inStacks) sources.push(await readFolder(stacks, relative(stacks, path), signal))
    else sources.push(await readFolder(path, '', signal))
  }
  return Array.from(
    Map.groupBy(sources, ({ root }) => root),
    ([root, group]) => ({
      root,
      files: [...new Map(group.flatMap(({ files }) => files).map(file => [file.path, file])).values()],
      diagnostics: group.flatMap(({ diagnostics }) => diagnostics),
    }),
  )
}

/** From the working folder, or, as messages name files, from the stacks. */
async function placeOf(named: string, stacks: string): Promise<string> {
  const path = resolve(named)
  const inStacks = resolve(stacks, named)
  const exists = (each: string): Promise<boolean> =>
    stat(each).then(
      () => true,
      () => false,
    )
  return !(await exists(path)) && (await exists(inStacks)) ? inStacks : path
}

async function readFolder(root: string, below: string, signal: AbortSignal): Promise<LintSources> {
  const tree = await readTree(root, { signal })
  const prefix = below === '' ? '' : `${below.split(sep).join('/')}/`
  const files = tree.files
    .filter(({ path }) => path.startsWith(prefix) && path.endsWith('.vgo'))
    .map(({ path, bytes }) => ({ path, text: Buffer.from(bytes).toString('utf8') }))
  return { root, files, diagnostics: tree.problems.filter(({ span }) => span.file.path.startsWith(prefix)) }
}

async function readFile(root: string, path: string): Promise<LintSources> {
  const diagnostics = new Diagnostics()
  const name = relative(root, path).split(sep).join('/')
  const file = await explained(path, async () => {
    await using handle = await open(path)
    const { size } = await handle.stat()
    if (size <= MAX_SOURCE_BYTES) return decodeSource(name, await handle.readFile(), diagnostics)
    refuseSize(name, size, diagnostics)
    return undefined
  })
  return { root, files: file === undefined ? [] : [file], diagnostics: diagnostics.sorted }
}

async function isFolder(path: string): Promise<boolean> {
  const found = await explained(path, () => stat(path))
  if (found.isDirectory()) return true
  if (found.isFile() && path.endsWith('.vgo')) return false
  throw new ReleaseError('no-folder', `${path} is no .vgo file and no folder; name the files or folders to lint`)
}

async function explained<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR')
      throw new ReleaseError('no-folder', `there is no ${path}; name the files or folders to lint`)
    if (codeOf(error) === 'EACCES') throw new ReleaseError('no-permission', `not allowed to read ${path}`)
    throw new ReleaseError('no-folder', `${path} cannot be read: ${messageOf(error)}`)
  }
}

/** The tree that a file outside of the stacks belongs to: above the first folder that has a meaning, otherwise its own folder. */
function rootOf(path: string): string {
  const folder = dirname(path)
  const parts = folder.split(sep)
  const at = parts.findLastIndex(part => TREE_FOLDERS.includes(part))
  return at <= 0 ? folder : join(sep, ...parts.slice(0, at))
}

function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way !== '..' && !way.startsWith(`..${sep}`)
}
