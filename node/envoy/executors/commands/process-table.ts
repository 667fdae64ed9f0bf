import { readdir, readFile, stat } from 'node:fs/promises'
import { ExecutorError } from '../errors.ts'
import type { Machine } from '../machine.ts'

/** Linux keeps so many characters of a name. */
const MAX_NAME = 15

export interface ProcessFilter {
  /** As `pgrep -x` takes it: an expression that matches the whole name. */
  readonly name: string
  readonly uid: number | null
}

/**
 * Processes that run, not those that only wait to be reaped; never the agent itself. In a sandbox only those that were started in it:
 * the others are the real machine's.
 * @throws ExecutorError 'blocked' where the system does not tell
 */
export async function processesOf({ name, uid }: ProcessFilter, machine: Machine): Promise<readonly number[]> {
  const pattern = namePattern(name)
  const found: number[] = []
  for (const pid of await allProcesses()) {
    const process = pid === globalThis.process.pid ? null : await processAt(pid)
    if (process === null || process.isZombie || !pattern.test(process.name)) continue
    if (uid !== null && process.uid !== uid) continue
    if (machine.isSandboxed && !(await isOfSandbox(pid, machine.root))) continue
    found.push(pid)
  }
  return found
}

function namePattern(name: string): RegExp {
  const kept = /^[\w.:@/-]+$/.test(name) ? name.slice(0, MAX_NAME) : name
  try {
    return new RegExp(`^(?:${kept})$`)
  } catch {
    throw new ExecutorError('failed', `'${name}' is no name of a process`)
  }
}

async function allProcesses(): Promise<number[]> {
  const names = await readdir('/proc').catch(() => [])
  const pids = names.filter(name => /^\d+$/.test(name)).map(Number)
  if (pids.length > 0) return pids
  throw new ExecutorError('blocked', 'this machine has no /proc, so that its processes are not known')
}

/** Null for one that has just ended. */
async function processAt(pid: number): Promise<{ name: string; isZombie: boolean; uid: number } | null> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'latin1')
    const end = text.lastIndexOf(')')
    const { uid } = await stat(`/proc/${pid}`)
    return { name: text.slice(text.indexOf('(') + 1, end), isZombie: /^[ZX]$/.test(text.charAt(end + 2)), uid }
  } catch {
    return null
  }
}

async function isOfSandbox(pid: number, root: string): Promise<boolean> {
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
  return environment.split('\0').includes(`VIGO_ROOT=${root}`)
}
