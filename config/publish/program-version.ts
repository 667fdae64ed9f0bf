import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sha256Hex } from '#node/kit'

/** Rooms that decide what is said of a configuration. */
const ROOMS = ['#config/lang', '#config/lint', '#config/store', '#config/publish', '#node/kit']

let known: string | undefined

/**
 * A hash that changes with the program and with what runs it: of a build its own hash, of a checkout the names, sizes and times of the files that it is
 * made of.
 */
export function programVersion(): string {
  known ??= sha256Hex(process.version, ...(buildHash() ?? sourceStamps()))
  return known
}

function buildHash(): string[] | null {
  const { build } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return typeof build === 'string' ? [build] : null
}

function sourceStamps(): string[] {
  const yaml = fileURLToPath(import.meta.resolve('yaml/package.json'))
  return [stampOf(yaml), ...ROOMS.flatMap(room => filesOf(import.meta.resolve(room)).map(stampOf))]
}

function filesOf(door: string): string[] {
  const folder = fileURLToPath(new URL('.', door))
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && /(?<!\.(?:test|golden))\.ts$/.test(entry.name))
    .map(entry => join(entry.parentPath, entry.name))
    .toSorted()
}

function stampOf(path: string): string {
  const { size, mtimeMs } = statSync(path)
  return `${path} ${size} ${mtimeMs}\n`
}
