import { existsSync } from 'node:fs'
import { ExecutorError } from '../errors.ts'
import type { ExecutorOptions } from '../executor.ts'
import type { Machine } from '../machine.ts'
import type { Place } from '../safe-files/index.ts'
import { lastWords } from '../shell.ts'

const TIMEOUT_MS = 10_000

/** Whether files have labels here; where they have none, `secontext` says nothing. */
export function hasLabels(machine: Machine): boolean {
  return existsSync(machine.path('/sys/fs/selinux/enforce'))
}

/** The label of what is there. @throws ExecutorError */
export async function labelAt(place: Place, machine: Machine, { signal }: ExecutorOptions): Promise<string> {
  const path = place.folder.atForPrograms(place.name)
  const result = await machine.run('stat', ['-c', '%C', path], { signal, timeoutMs: TIMEOUT_MS })
  if (result.exitCode === 0) return result.stdout.trim()
  throw new ExecutorError('failed', `the SELinux context of ${place.shown} is unknown: ${lastWords(result)}`)
}

/** Gives a file a label, or the label of another file. `path` is for programs of the agent. @throws ExecutorError */
export async function setLabel(
  path: string,
  label: { readonly context: string } | { readonly like: string },
  machine: Machine,
  { signal }: ExecutorOptions,
): Promise<void> {
  const source = 'context' in label ? label.context : `--reference=${label.like}`
  if ('context' in label && label.context.startsWith('-')) {
    throw new ExecutorError('failed', `'${label.context}' is no SELinux context`)
  }
  const result = await machine.run('chcon', [source, path], { signal, timeoutMs: TIMEOUT_MS })
  if (result.exitCode === 0) return
  throw new ExecutorError('failed', `chcon could not set the SELinux context ${source}: ${lastWords(result)}`)
}
