import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ExecutorError } from '../errors.ts'

export const SEARCH_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Where a program is; null when nothing executable has that name. */
export async function findProgram(program: string, searchPath: string): Promise<string | null> {
  if (program.includes('/')) return (await isExecutable(program)) ? program : null
  for (const folder of searchPath.split(':')) {
    const candidate = join(folder, program)
    if (folder.startsWith('/') && (await isExecutable(candidate))) return candidate
  }
  return null
}

/** @throws ExecutorError 'blocked' */
export async function requireProgram(program: string, searchPath: string): Promise<string> {
  const found = await findProgram(program, searchPath)
  if (found !== null) return found
  throw new ExecutorError('blocked', `this machine has no program '${program}'; install it, looked in ${searchPath}`)
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}
