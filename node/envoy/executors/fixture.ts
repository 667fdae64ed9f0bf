import { createHash } from 'node:crypto'
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, readlink, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { type AttributesOf, type ResourceType, resourceSchemas, type SchemaOf } from '#config/lang'
import { layout, silentLogger } from '#node/kit'
import { ExecutorError } from './errors.ts'
import type { Applied, Difference, Executor, ExecutorOptions } from './executor.ts'
import { createMachine, type MachineOptions } from './machine/index.ts'
import type { Machine } from './machine.ts'

/** A machine below a temporary folder, and what it was asked to run. */
export interface Sandbox extends AsyncDisposable {
  readonly root: string
  readonly machine: Machine
  /** Programs with their arguments: what everybody on a machine can see. */
  readonly commands: (readonly string[])[]
  put(path: string, contents: string | Uint8Array, mode?: number): Promise<void>
  folder(path: string, mode?: number): Promise<void>
  read(path: string): Promise<string>
  /** Everything but the agent's own folder, with times: what `check` may not change. */
  snapshot(): Promise<Readonly<Record<string, string>>>
}

export async function makeSandbox(options: Partial<MachineOptions> = {}): Promise<Sandbox> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'vigo-executors-')))
  await chmod(root, 0o755)
  const commands: (readonly string[])[] = []
  const real = createMachine({
    layout: layout(root),
    trait: () => undefined,
    artifact: reference => Promise.reject(new ExecutorError('blocked', `there is no artifact ${reference}`)),
    logger: silentLogger,
    ...options,
  })
  const machine: Machine = {
    ...real,
    run: (program, args, runOptions) => {
      commands.push([program, ...args])
      return real.run(program, args, runOptions)
    },
    start: (program, args, startOptions) => {
      commands.push([program, ...args])
      return real.start(program, args, startOptions)
    },
  }
  const place = (path: string): string => join(root, path)
  return {
    root,
    machine,
    commands,
    put: async (path, contents, mode = 0o644) => {
      await mkdir(dirname(place(path)), { recursive: true })
      await writeFile(place(path), contents)
      await chmod(place(path), mode)
    },
    folder: async (path, mode = 0o755) => {
      await mkdir(place(path), { recursive: true })
      await chmod(place(path), mode)
    },
    read: path => readFile(place(path), 'utf8'),
    snapshot: () => snapshotOf(root, machine.stateFolder),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  }
}

/** Each entry below the folder in one line; `own` and its parents' times are left out. */
export async function snapshotOf(root: string, own = ''): Promise<Readonly<Record<string, string>>> {
  const entries: Record<string, string> = {}
  for (const path of await pathsBelow(root)) {
    if (own !== '' && (path === own || path.startsWith(`${own}/`) || own.startsWith(`${path}/`))) continue
    const stats = await lstat(path, { bigint: true })
    const about = `${stats.mode.toString(8)} ${stats.uid}:${stats.gid} ${stats.mtimeNs} ${stats.ino}`
    entries[relative(root, path)] = `${about} ${await contentsOf(path)}`
  }
  return entries
}

/** Node's own recursion follows links. */
async function pathsBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const paths = entries.map(async entry => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? [path, ...(await pathsBelow(path))] : [path]
  })
  return (await Promise.all(paths)).flat().sort()
}

async function contentsOf(path: string): Promise<string> {
  const stats = await lstat(path)
  if (stats.isSymbolicLink()) return await readlink(path)
  if (!stats.isFile()) return ''
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
}

/** Attributes as the server makes them: with the defaults of the type. */
export function attributesFor<T extends ResourceType>(
  type: T,
  given: Partial<AttributesOf<SchemaOf<T>>>,
): AttributesOf<SchemaOf<T>> {
  const schema = resourceSchemas.get(type)
  if (schema === undefined) throw new RangeError(`there is no type ${type}`)
  const known = new Set(schema.attributes.map(({ name }) => name))
  const unknown = Object.keys(given).find(name => !known.has(name))
  if (unknown !== undefined) throw new RangeError(`${type} has no attribute ${unknown}`)
  const defaults = schema.attributes.flatMap(({ name, type: { kind }, default: value }) =>
    value === undefined ? [] : [[name, kind === 'list' ? [String(value)] : value] as const],
  )
  return { ...Object.fromEntries(defaults), ...given } as AttributesOf<SchemaOf<T>>
}

export function runOptions(given: Partial<ExecutorOptions> = {}): ExecutorOptions {
  return { signal: new AbortController().signal, name: 'test', isDryRun: false, isTriggered: false, ...given }
}

/** Checks and applies. @throws Error when there is nothing to do */
export async function applyTo<A>(
  box: { readonly machine: Machine },
  executor: Executor<A>,
  attributes: A,
  options: ExecutorOptions = runOptions(),
): Promise<Difference & Applied> {
  const found = await executor.check(attributes, box.machine, options)
  if (found.kind !== 'different') throw new Error(`there is nothing to apply: ${JSON.stringify(found)}`)
  return { ...found, ...(await executor.apply(attributes, found, box.machine, options)) }
}

/** What an executor makes of a file; null where it says that there is nothing to do. */
export async function editedText<A>(
  executor: Executor<A>,
  attributes: A,
  text: string,
  path = '/etc/app.conf',
): Promise<string | null> {
  await using box = await makeSandbox()
  await box.put(path, text)
  const found = await executor.check(attributes, box.machine, runOptions())
  if (found.kind !== 'different') return null
  await executor.apply(attributes, found, box.machine, runOptions())
  return await box.read(path)
}

/** For tests that give things to somebody else; the sandbox of anybody but root leaves owners alone. */
export const isRoot: boolean = process.getuid?.() === 0
