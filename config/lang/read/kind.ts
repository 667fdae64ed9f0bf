import type { MapNode } from '../node.ts'

/** What a file is as a whole. `sections` is a file of named lists: `envoys:`, `roles:`, `env:` … */
export type FileKind =
  | 'configcrate'
  | 'usercrate'
  | 'role'
  | 'task'
  | 'workflow'
  | 'common'
  | 'compliance'
  | 'sections'
  | 'unknown'

/** Lists and maps that may stand in one file, by their keys. */
export const sectionKeys: readonly string[] = [
  'envoys',
  'roles',
  'env',
  'environments',
  'waivers',
  'compliance',
  'tasks',
  'workflows',
]

/** Kinds of the folders at the top of the tree. */
const FOLDERS: ReadonlyMap<string, FileKind> = new Map([
  ['configcrates', 'configcrate'],
  ['usercrates', 'usercrate'],
  ['roles', 'role'],
  ['tasks', 'task'],
  ['workflows', 'workflow'],
])

const NAMES: ReadonlyMap<string, FileKind> = new Map([
  ['common.vgo', 'common'],
  ['roles.vgo', 'role'],
  ['compliance.vgo', 'compliance'],
  ['envoys.vgo', 'sections'],
  ['environments.vgo', 'sections'],
  ['waivers.vgo', 'sections'],
])

/** Decided by what the file holds, then by the folder that it is in, then by its name. */
export function kindOfFile(path: string, { entries }: MapNode): FileKind {
  const has = (key: string) => entries.has(key)
  if (has('envoys')) return 'sections'
  const parts = path.split('/')
  const name = parts.at(-1) ?? path
  const folder = parts.length > 1 ? FOLDERS.get(parts[0] ?? '') : undefined
  const isCrate = has('resources') || has('configcrate') || has('usercrate')
  if (isCrate) return has('usercrate') || folder === 'usercrate' ? 'usercrate' : 'configcrate'
  const plural = folder === undefined ? undefined : `${folder}s`
  if (plural !== undefined && sectionKeys.includes(plural) && has(plural)) return 'sections'
  const isClaims = name === 'compliance.vgo' && !has('name')
  if (folder !== undefined) return isClaims ? claimsOf(entries) : folder
  const named = NAMES.get(name)
  if (named === 'compliance') return claimsOf(entries)
  if (named === 'role' && has('roles')) return 'sections'
  if (named !== undefined) return named
  if (has('steps')) return 'workflow'
  return sectionKeys.some(has) ? 'sections' : 'unknown'
}

/** Claims stand below `compliance:`, or are the whole file. */
function claimsOf(entries: MapNode['entries']): FileKind {
  return entries.has('compliance') || entries.has('waivers') ? 'sections' : 'compliance'
}
