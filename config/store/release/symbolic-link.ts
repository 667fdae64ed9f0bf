import { readlinkSync, realpathSync, statSync } from 'node:fs'
import { relative, sep } from 'node:path'
import { codeOf } from '#node/kit'
import { isTracked, shownName } from './file-names.ts'
import { type FileProblem, unreadable } from './tracked-file.ts'

/**
 * No link is followed: what it points at can change without the tree changing, and a link out of the tree would publish files that
 * nobody wrote for it. Undefined for a link to a file that publish does not track.
 *
 * `root` has no links in it.
 */
export function linkProblem(absolute: string, name: string, root: string): FileProblem | undefined {
  try {
    const target = shownName(readlinkSync(absolute).slice(0, 200))
    const kind = targetKind(absolute, root)
    if ((kind === 'file' || kind === 'file outside') && !isTracked(name)) return undefined
    return { code: 'symbolic-link', ...PROBLEMS[kind](target) }
  } catch (error) {
    return unreadable(codeOf(error) ?? 'unknown')
  }
}

type Kind = 'file' | 'folder' | 'file outside' | 'folder outside' | 'dangling' | 'loop'
type Words = Omit<FileProblem, 'code'>

function outside(target: string): Words {
  return {
    message: `is a symbolic link to ${target}, outside of the tree; links are not published`,
    hint: 'put a copy of what it points at in its place, or remove it',
  }
}

const PROBLEMS: Readonly<Record<Kind, (target: string) => Words>> = {
  file: target => ({
    message: `is a symbolic link to ${target}; links are not published`,
    hint: 'put a copy of the file in its place',
  }),
  folder: target => ({
    message: `is a symbolic link to the folder ${target}; links are not published`,
    hint: 'move the folder here, or remove the link',
  }),
  'file outside': outside,
  'folder outside': outside,
  dangling: target => ({
    message: `is a symbolic link to ${target}, which does not exist`,
    hint: 'remove it, or put the file in its place',
  }),
  loop: target => ({
    message: `is a symbolic link to ${target}, which leads back to itself`,
    hint: 'remove it, or put the file in its place',
  }),
}

function targetKind(absolute: string, root: string): Kind {
  try {
    const inside = relative(root, realpathSync(absolute))
    const kind = statSync(absolute).isFile() ? 'file' : 'folder'
    return inside === '..' || inside.startsWith(`..${sep}`) ? `${kind} outside` : kind
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'dangling'
    if (code === 'ELOOP') return 'loop'
    throw error
  }
}
