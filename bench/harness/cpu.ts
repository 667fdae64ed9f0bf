import { readFile } from 'node:fs/promises'

const TICKS_PER_SECOND = 100

/** Seconds of CPU that a process has used; of this process's ended children when it is asked for `children`. */
export async function cpuSecondsOf(pid: number | 'children'): Promise<number> {
  const stat = await readFile(`/proc/${pid === 'children' ? 'self' : pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [user, system] = pid === 'children' ? [fields[13], fields[14]] : [fields[11], fields[12]]
  return (Number(user) + Number(system)) / TICKS_PER_SECOND
}
