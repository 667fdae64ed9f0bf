import { ownPaths, segmentPattern } from './own.ts'

/** Where a path lies: in what is ours, or on the way to it. */
export type Relation = 'inside' | 'above' | 'elsewhere'

/** Links that systems have; the right side is where they lead. */
const USUAL_LINKS: readonly (readonly [string, string])[] = [
  ['/var/run', '/run'],
  ['/bin', '/usr/bin'],
  ['/sbin', '/usr/sbin'],
  ['/lib', '/usr/lib'],
]

/** The kernel's ways back to the root folder: `/proc/self/root/etc`. */
const PROC_ROOT = /^\/proc\/[^/]+\/(?:task\/[^/]+\/)?(?:root|cwd)(?=\/|$)/

/** Scripts of custom executors are deployed by configuration. */
const EXECUTORS = '/etc/vigo/executors'

const own = ownPaths.map(path => path.slice(1).split('/'))

/** Absolute, without `.`, `..` and doubled slashes, and as it is without the links that systems usually have. Only text. */
export function plainPath(path: string, cwd = '/'): string {
  const parts: string[] = []
  for (const part of (path.startsWith('/') ? path : `${cwd}/${path}`).split('/')) {
    if (part === '' || part === '.') continue
    if (part === '..') parts.pop()
    else parts.push(part)
  }
  const plain = `/${parts.join('/')}`
  if (PROC_ROOT.test(plain)) return plainPath(plain.replace(PROC_ROOT, '/'))
  const link = USUAL_LINKS.find(([from]) => plain === from || plain.startsWith(`${from}/`))
  return link === undefined ? plain : `${link[1]}${plain.slice(link[0].length)}`
}

/**
 * How a path of the configuration, or of a command, relates to what is ours. Wildcards count as what they could stand for. Below
 * `root`, the folder of a sandboxed agent, the same paths are ours.
 */
export function relationOf(path: string, { cwd = '/', root = '/' }: { cwd?: string; root?: string } = {}): Relation {
  const plain = plainPath(path, cwd)
  const relation = relationOfPlain(plain)
  if (root === '/' || relation === 'inside') return relation
  const plainRoot = plainPath(root)
  if (plain === plainRoot || plain.startsWith(`${plainRoot}/`)) return relationOfPlain(plain.slice(plainRoot.length))
  return plainRoot.startsWith(plain === '/' ? '/' : `${plain}/`) ? 'above' : relation
}

function relationOfPlain(plain: string): Relation {
  if (plain === EXECUTORS || plain.startsWith(`${EXECUTORS}/`)) return 'elsewhere'
  const segments = plain.split('/').filter(part => part !== '')
  const patterns = segments.map(segment => (/[*?[{]/.test(segment) ? segmentPattern(segment) : segment))
  let relation: Relation = 'elsewhere'
  for (const path of own) {
    const shared = Math.min(path.length, patterns.length)
    if (!patterns.slice(0, shared).every((pattern, at) => fits(pattern, path[at] ?? ''))) continue
    if (patterns.length >= path.length) return 'inside'
    relation = 'above'
  }
  return relation
}

function fits(pattern: string | RegExp, name: string): boolean {
  return typeof pattern === 'string' ? pattern === name : pattern.test(name)
}
