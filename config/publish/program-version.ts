import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sha256Hex } from '#node/kit'

/** Rooms that decide what is said of a configuration. */
const ROOMS = ['#config/lang', '#config/lint', '#config/store', '#config/publish', '#node/kit']

let known: string | undefined

/** A hash that changes with the program: of the names, sizes and times of the files that it is made of, and of what runs it. */
export function programVersion(): string {
  const yaml = fileURLToPath(import.meta.resolve('yaml/package.json'))
  known ??= sha256Hex(
    process.version,
    stampOf(yaml),
    ...ROOMS.flatMap(room => filesOf(import.meta.resolve(room)).map(stampOf)),
  )
  return known
}

function filesOf(door: string): string[] {
  const folder = fileURLToPath(new URL('.', door))
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && /(?<!\.(?:test|golden))\.[jt]s$/.test(entry.name))
    .map(entry => join(entry.parentPath, entry.name))
    .toSorted()
}

function stampOf(path: string): string {
  const { size, mtimeMs } = statSync(path)
  return `${path} ${size} ${mtimeMs}\n`
}
