import fs from 'node:fs'
import fsPromises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads'

/*
 * For `node --import`: counts what changes files, in every thread, and kills the process with SIGKILL just before operation number
 * VIGO_CRASH_AT. So each gap between two operations is a place where the power may go. When the process ends by itself, the count
 * is written to the file VIGO_CRASH_REPORT. Writes of a database count as one operation for each call; what they do below, they do
 * in native code.
 */

const ENVIRONMENT_KEY = 'vigo-crash-counter'
const at = Number(process.env['VIGO_CRASH_AT'] ?? 0)
const report = process.env['VIGO_CRASH_REPORT']
const { writeFileSync } = fs

if (isMainThread) setEnvironmentData(ENVIRONMENT_KEY, new SharedArrayBuffer(8))
const counter = new Int32Array(getEnvironmentData(ENVIRONMENT_KEY) as unknown as SharedArrayBuffer)

function count(): void {
  if (Atomics.add(counter, 0, 1) + 1 !== at) return
  process.kill(process.pid, 'SIGKILL')
  Atomics.wait(counter, 1, 0)
}

type Operation = (...args: unknown[]) => unknown

function intercept(target: object, names: readonly string[], changes: (args: unknown[]) => boolean = () => true): void {
  const methods = target as Record<string, Operation>
  for (const name of names) {
    const original = methods[name]
    if (typeof original !== 'function') continue
    methods[name] = function (this: unknown, ...args: unknown[]) {
      if (changes(args)) count()
      return original.apply(this, args)
    }
  }
}

const opensForWriting = ([, flags = 'r']: unknown[]): boolean =>
  typeof flags === 'number'
    ? (flags & (fs.constants.O_WRONLY | fs.constants.O_RDWR | fs.constants.O_CREAT)) !== 0
    : flags !== 'r' && flags !== 'rs'
const isNotStandard = ([fd]: unknown[]): boolean => typeof fd !== 'number' || fd > 2

const BY_PATH = [
  'appendFile',
  'chmod',
  'copyFile',
  'cp',
  'link',
  'mkdir',
  'mkdtemp',
  'rename',
  'rm',
  'rmdir',
  'symlink',
]
const ALSO_BY_PATH = ['truncate', 'unlink', 'utimes', 'writeFile']
const BY_DESCRIPTOR = ['fchmod', 'fdatasync', 'fsync', 'ftruncate', 'futimes', 'write', 'writev']
const BY_HANDLE = ['appendFile', 'chmod', 'datasync', 'sync', 'truncate', 'utimes', 'write', 'writeFile', 'writev']
const syncNames = (names: readonly string[]): string[] => names.flatMap(name => [name, `${name}Sync`])

intercept(fs, syncNames([...BY_PATH, ...ALSO_BY_PATH]))
intercept(fs, syncNames(BY_DESCRIPTOR), isNotStandard)
intercept(fs, syncNames(['open']), opensForWriting)
intercept(fsPromises, [...BY_PATH, ...ALSO_BY_PATH])
const handle = await fsPromises.open('/dev/null')
intercept(Object.getPrototypeOf(handle), BY_HANDLE)
await handle.close()
intercept(fsPromises, ['open'], opensForWriting)
syncBuiltinESMExports()

if (isMainThread) {
  const { Level } = await import('level')
  const prototype = Level.prototype as unknown as Record<string, Operation>
  intercept(prototype, ['_put', '_del', '_batch'])
  const chainedBatch = prototype['_chainedBatch']!
  prototype['_chainedBatch'] = function (this: unknown, ...args: unknown[]) {
    const batch = chainedBatch.apply(this, args) as object
    intercept(batch, ['_write'])
    return batch
  }
  process.on('exit', () => {
    if (report !== undefined) writeFileSync(report, String(Atomics.load(counter, 0)))
  })
}
