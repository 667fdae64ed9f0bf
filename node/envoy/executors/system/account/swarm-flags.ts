import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomic } from '#node/kit'
import type { Machine } from '../../machine.ts'
import { telling } from '../../safe-files/index.ts'

const FLAGS = ['puddle', 'gitback', 'curator', 'poolq'] as const

export type SwarmFlags = Readonly<Record<(typeof FLAGS)[number], boolean>>

/** The flags that are granted, with commas; `none` for nobody's. */
export function granted(flags: SwarmFlags | null): string {
  const names = FLAGS.filter(flag => flags?.[flag] === true)
  return names.length === 0 ? 'none' : names.join(', ')
}

/** Null when there is no file; one that cannot be understood grants nothing to anybody either, and is written again. */
export async function readSwarmFlags(machine: Machine, user: string): Promise<SwarmFlags | null> {
  const text = await readFile(pathOf(machine, user), 'utf8').catch(() => null)
  if (text === null) return null
  try {
    const found: unknown = JSON.parse(text)
    const of = (flag: string) => typeof found === 'object' && found !== null && Reflect.get(found, flag) === true
    return Object.fromEntries(FLAGS.map(flag => [flag, of(flag)])) as SwarmFlags
  } catch {
    return Object.fromEntries(FLAGS.map(flag => [flag, false])) as SwarmFlags
  }
}

/** Who is granted nothing has no file. */
export async function writeSwarmFlags(machine: Machine, user: string, flags: SwarmFlags | null): Promise<void> {
  const path = pathOf(machine, user)
  await telling(`writing ${path}`, async () => {
    if (flags === null || granted(flags) === 'none') {
      await rm(path, { force: true })
      return
    }
    await mkdir(machine.usercratePolicy, { recursive: true, mode: 0o755 })
    const own = Object.fromEntries(FLAGS.map(flag => [flag, flags[flag]]))
    await writeFileAtomic(path, `${JSON.stringify(own)}\n`, { mode: 0o644 })
  })
}

/** User names hold no slash and are no dots: the schema says so. */
function pathOf(machine: Machine, user: string): string {
  return join(machine.usercratePolicy, `${user}.json`)
}
