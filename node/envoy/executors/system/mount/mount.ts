import { access } from 'node:fs/promises'
import { change } from '../../change.ts'
import { ExecutorError } from '../../errors.ts'
import type { ExecutorOf, ExecutorOptions } from '../../executor.ts'
import { planFile } from '../../files/plan-file.ts'
import type { Machine } from '../../machine.ts'
import { planned } from '../../planned.ts'
import { findThroughLink, makeFolder, makePlace, readEntry } from '../../safe-files/index.ts'
import { lastWords } from '../../shell.ts'
import { Budget } from '../budget.ts'
import { invoke, mustInvoke } from '../invoke.ts'
import { planOfSteps, type Step } from '../step.ts'
import { editFstab, type FstabEntry, fstabEntry, isSameEntry } from './fstab.ts'
import { isMountOf, mountedAt } from './mounted.ts'

type MountAttributes = Parameters<ExecutorOf<'mount'>['check']>[0]

const FSTAB = '/etc/fstab'
const MAX_BYTES = 2 ** 20

export const mountExecutor: ExecutorOf<'mount'> = planned<MountAttributes>(
  { type: 'mount', reach: 'host', acts: 'until-compliant' },
  async (attributes, machine, options) => {
    const steps = await stepsOf(attributes, machine, options)
    return planOfSteps(steps)
  },
)

async function stepsOf(attributes: MountAttributes, machine: Machine, options: ExecutorOptions): Promise<Step[]> {
  const { state } = attributes
  const path = attributes.path.replace(/(.)\/+$/, '$1')
  if (path === '/' && (state === 'unmounted' || state === 'absent')) {
    throw new ExecutorError('unsafe', 'the root file system is not unmounted')
  }
  const budget = new Budget(attributes.timeout, options.signal)
  const text = await fstab(machine, options)
  const entry = fstabEntry(text, path)
  const mounted = await mountedAt(path, machine)
  const unmount: Step = {
    change: change('mounted', mounted?.source ?? '', 'no'),
    run: () => unmountFrom(path, machine, budget),
  }
  if (state === 'unmounted') return mounted === null ? [] : [unmount]
  if (state === 'absent') {
    return [
      ...(mounted === null ? [] : [unmount]),
      ...(entry === null ? [] : [fstabStep(text, path, entry, null, machine, options, budget)]),
    ]
  }
  const wanted = entryOf(attributes, path)
  const isEntered = entry !== null && isSameEntry(entry, wanted) && editFstab(text, path, wanted) === text
  const steps = isEntered ? [] : [fstabStep(text, path, entry, wanted, machine, options, budget)]
  if (state === 'present') return steps
  const mount = () => mountOn(path, machine, budget, options)
  if (mounted === null) return [...steps, { change: change('mounted', 'no', wanted.device), run: mount }]
  if (!(await isMountOf(wanted, mounted))) {
    const told = change('mounted', `${mounted.source} (${mounted.fstype})`, `${wanted.device} (${wanted.fstype})`)
    return [...steps, { change: told, run: () => unmountFrom(path, machine, budget).then(mount) }]
  }
  if (entry !== null && entry.options === wanted.options) return steps
  const remount = async () => {
    await mustInvoke(machine, budget, 'mount', ['-o', 'remount', '--', path])
  }
  return [...steps, { change: change('options', entry?.options ?? 'not known', wanted.options), run: remount }]
}

function entryOf({ device, fstype, options, dump, pass }: MountAttributes, path: string): FstabEntry {
  if (device === undefined || fstype === undefined) {
    throw new ExecutorError('failed', `mount ${path} needs 'device' and 'fstype'`)
  }
  if (/\s/.test(fstype) || /[\n\0]/.test(device + options)) {
    throw new ExecutorError(
      'failed',
      `device, fstype and options of mount ${path} are one line, and fstype is one word`,
    )
  }
  return { device, path, fstype, options, dump, pass }
}

function fstabStep(
  text: string,
  path: string,
  is: FstabEntry | null,
  should: FstabEntry | null,
  machine: Machine,
  options: ExecutorOptions,
  budget: Budget,
): Step {
  const shown = (entry: FstabEntry | null) =>
    entry === null ? 'absent' : `${entry.device} ${entry.fstype} ${entry.options}`
  return {
    change: change('fstab', shown(is), shown(should)),
    run: async () => {
      const plan = await planFile(
        { path: FSTAB, contents: Buffer.from(editFstab(text, path, should)) },
        machine,
        options,
      )
      if (plan.kind === 'different') await plan.carryOut()
      await tellSystemd(machine, budget)
    },
  }
}

/** It makes units of fstab, and would go on with those of the old one. */
async function tellSystemd(machine: Machine, budget: Budget): Promise<void> {
  const isRunning = await access(machine.path('/run/systemd/system')).then(
    () => true,
    () => false,
  )
  if (isRunning) await mustInvoke(machine, budget, 'systemctl', ['daemon-reload'])
}

async function mountOn(path: string, machine: Machine, budget: Budget, options: ExecutorOptions): Promise<void> {
  {
    await using place = await makePlace(machine, path, options)
    await makeFolder(place, 0o755, options)
  }
  await mustInvoke(machine, budget, 'mount', ['--', path])
}

async function unmountFrom(path: string, machine: Machine, budget: Budget): Promise<void> {
  const result = await invoke(machine, budget, 'umount', ['--', path])
  if (result.exitCode === 0) return
  const words = lastWords(result)
  if (/busy/i.test(words)) {
    throw new ExecutorError(
      'blocked',
      `${path} is in use and cannot be unmounted (fuser -vm ${path} says by whom): ${words}`,
    )
  }
  throw new ExecutorError('failed', `umount ${path} ended with ${result.exitCode}: ${words}`)
}

async function fstab(machine: Machine, options: ExecutorOptions): Promise<string> {
  await using place = await findThroughLink(machine, FSTAB, options)
  if (place === null) return ''
  return (await readEntry(place, { ...options, maxBytes: MAX_BYTES })).contents.toString('utf8')
}
