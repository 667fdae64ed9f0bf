import { Diagnostics } from '#config/lang'
import { readTree, type Tree, type TreeLimits } from '../release/index.ts'
import type { ConfigStore } from './config-store.ts'
import { type LoadOptions, loadConfig, ReadCache } from './load.ts'

export interface LoadTreeOptions extends LoadOptions {
  readonly signal?: AbortSignal | undefined
}

export interface LoadFolderOptions extends LoadTreeOptions {
  readonly limits?: Partial<TreeLimits>
}

/** `loadConfig` for the files below a folder; what cannot be read is among the diagnostics. @throws ReleaseError 'no-folder', 'no-permission' */
export async function loadFolder(folder: string, options: LoadFolderOptions = {}): Promise<ConfigStore> {
  return await loadTree(await readTree(folder, options), options)
}

/** The same for a tree that was read. */
export async function loadTree(tree: Tree, options: LoadTreeOptions = {}): Promise<ConfigStore> {
  const files = tree.files.map(({ path, bytes }) => ({ path, text: textOf(bytes) }))
  const cache = options.cache ?? new ReadCache()
  await cache.warm(files, options)
  const store = loadConfig(files, { ...options, cache })
  if (tree.problems.length === 0) return store
  const diagnostics = new Diagnostics()
  diagnostics.addAll(tree.problems)
  diagnostics.addAll(store.diagnostics)
  return { ...store, diagnostics: diagnostics.sorted, hasErrors: diagnostics.hasErrors }
}

/** `readTree` lets nothing through that is not UTF-8. */
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}
