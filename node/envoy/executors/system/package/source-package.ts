import { access, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { change } from '../../change.ts'
import { ExecutorError } from '../../errors.ts'
import type { Applied, ExecutorOf, ExecutorOptions } from '../../executor.ts'
import type { Machine } from '../../machine.ts'
import { type Plan, planned } from '../../planned.ts'
import { endOf, lastWords, quoted, runShell } from '../../shell.ts'
import { Budget } from '../budget.ts'
import { mustInvoke } from '../invoke.ts'
import { originOf, withFetched } from './fetched.ts'
import { Memory } from './memory.ts'

type SourceAttributes = Parameters<ExecutorOf<'source_package'>['check']>[0]

/** Building must leave the machine to its own work. */
const NICE = 10
const ARCHIVE_ENDING = /\.(?:tar(?:\.[a-z0-9]+)?|tgz|tbz2?|txz|zip)$/i

export const sourcePackageExecutor: ExecutorOf<'source_package'> = planned<SourceAttributes>(
  { type: 'source_package', reach: 'host', acts: 'until-compliant' },
  async (attributes, machine, options) => {
    const name = nameOf(attributes)
    const memory = new Memory(machine, 'source-packages')
    const known = await memory.recall(name)
    const created = attributes.creates === undefined ? null : await exists(machine.path(attributes.creates))
    if (attributes.state === 'absent')
      return planAbsent(attributes, name, known !== null || created === true, machine, options)
    const wanted = buildOf(attributes)
    const reason = created === false ? `${attributes.creates} is missing` : differenceOf(known, wanted, created)
    if (reason === null) return { kind: 'compliant' }
    return {
      kind: 'different',
      changes: [change(name, reason, attributes.version ?? 'built and installed')],
      carryOut: async () => {
        const { configure_command, build_command, install_command } = attributes
        const applied = await inSources(
          attributes,
          [configure_command, build_command, install_command],
          machine,
          options,
        )
        if (attributes.creates !== undefined && !(await exists(machine.path(attributes.creates)))) {
          throw new ExecutorError(
            'failed',
            `${name} was built and installed, and ${attributes.creates} is not there; check prefix and creates`,
          )
        }
        await memory.keep(name, wanted)
        return applied
      },
    } satisfies Plan
  },
)

function planAbsent(
  attributes: SourceAttributes,
  name: string,
  isThere: boolean,
  machine: Machine,
  options: ExecutorOptions,
): Plan {
  if (!isThere) return { kind: 'compliant' }
  return {
    kind: 'different',
    changes: [change(name, 'installed', 'absent')],
    carryOut: async () => {
      // Makefiles know what they installed once they are configured.
      const applied = await inSources(
        attributes,
        [attributes.configure_command, attributes.uninstall_command],
        machine,
        options,
      )
      if (attributes.creates !== undefined && (await exists(machine.path(attributes.creates)))) {
        throw new ExecutorError(
          'failed',
          `uninstall_command of ${name} ended well, and ${attributes.creates} is still there`,
        )
      }
      await new Memory(machine, 'source-packages').forget(name)
      return applied
    },
  }
}

/** What decides whether it has to be built again. */
function buildOf(attributes: SourceAttributes): Record<string, string> {
  const { version, prefix } = attributes
  return { origin: originOf(attributes), version: version ?? '', prefix }
}

/** For people; null when it is built as it should be. Software that `creates` finds and nobody remembers was there before. */
function differenceOf(
  known: Readonly<Record<string, string>> | null,
  wanted: Readonly<Record<string, string>>,
  created: boolean | null,
): string | null {
  if (known === null) return created === true && wanted['version'] === '' ? null : 'absent'
  if (known['version'] !== wanted['version'])
    return known['version'] === '' ? 'unknown version' : (known['version'] ?? '')
  return Object.keys(wanted).every(key => known[key] === wanted[key])
    ? null
    : 'built from another archive or for another prefix'
}

async function inSources(
  attributes: SourceAttributes,
  commands: readonly string[],
  machine: Machine,
  { signal }: ExecutorOptions,
): Promise<Applied> {
  const budget = new Budget(attributes.timeout, signal)
  const parent = join(machine.stateFolder, 'builds')
  await mkdir(parent, { recursive: true, mode: 0o700 })
  const folder = await mkdtemp(join(parent, 'build-'))
  try {
    const ending = ARCHIVE_ENDING.exec(attributes.url ?? '')?.[0] ?? '.tar'
    await withFetched(attributes, ending, machine, budget, path => unpack(path, folder, machine, budget))
    const cwd = await sourceFolder(folder)
    let output = ''
    for (const command of commands) output = await run(command, cwd, attributes, machine, budget)
    return { output: output.slice(-8000) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** tar finds out the compression itself, and refuses names that lead out of the folder. */
async function unpack(archive: string, folder: string, machine: Machine, budget: Budget): Promise<void> {
  if (/\.zip$/i.test(archive)) await mustInvoke(machine, budget, 'unzip', ['-q', '-d', folder, archive])
  else
    await mustInvoke(machine, budget, 'tar', [
      '-x',
      '--no-same-owner',
      '--no-same-permissions',
      '-f',
      archive,
      '-C',
      folder,
    ])
}

/** Archives hold one folder with everything, or everything itself. */
async function sourceFolder(folder: string): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true })
  const [only] = entries
  return entries.length === 1 && only?.isDirectory() === true ? join(folder, only.name) : folder
}

async function run(
  template: string,
  cwd: string,
  { prefix, version, timeout }: SourceAttributes,
  machine: Machine,
  budget: Budget,
): Promise<string> {
  const command = template.replaceAll('{prefix}', quoted(machine.path(prefix)))
  const result = await runShell(machine, command, {
    signal: budget.signal,
    timeoutMs: budget.leftMs,
    cwd,
    nice: NICE,
    environment: { PREFIX: machine.path(prefix), VERSION: version ?? '' },
  })
  if (result.exitCode === 0 && !result.isTimedOut) return result.stdout
  const shown = template.split('\n', 1)[0]?.slice(0, 100) ?? ''
  throw new ExecutorError('failed', `'${shown}' ${endOf(result, timeout * 1000)}: ${lastWords(result)}`)
}

function nameOf({ package: name, url, artifact }: SourceAttributes): string {
  if (name !== undefined) return name
  const last =
    (artifact ?? url ?? '')
      .split(/[?#]/, 1)[0]
      ?.split('/')
      .findLast(part => part !== '') ?? ''
  return (
    last
      .replace(ARCHIVE_ENDING, '')
      .replace(/[@:].*$/, '')
      .replace(/-v?\d[\w.+-]*$/, '') || 'software'
  )
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
