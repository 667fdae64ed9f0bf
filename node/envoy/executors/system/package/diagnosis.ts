import { ExecutorError } from '../../errors.ts'
import type { RunResult } from '../../machine.ts'
import { ending, said, shown } from '../invoke.ts'

/** What a package manager's output means. `locked` is worth a wait. */
export type Diagnosis = 'locked' | 'interrupted' | 'unknown-package' | 'repository' | 'disk' | 'held' | 'other'

/** Patterns of one package manager; the first that matches its output decides. */
export type Symptoms = readonly (readonly [Exclude<Diagnosis, 'other'>, RegExp])[]

const EVERYWHERE: Symptoms = [
  ['disk', /no space left on device|not enough free space|not enough disk space|disk full/i],
]

export function diagnose(result: RunResult, symptoms: Symptoms): Diagnosis {
  const text = `${result.stderr}\n${result.stdout}`
  return [...EVERYWHERE, ...symptoms].find(([, pattern]) => pattern.test(text))?.[0] ?? 'other'
}

/** A failed program as an error that says what to do. */
export function packageError(
  diagnosis: Diagnosis,
  program: string,
  args: readonly string[],
  result: RunResult,
): ExecutorError {
  const [code, advice] = meanings[diagnosis]
  return new ExecutorError(
    code,
    `${advice}${advice === '' ? '' : '; '}${shown(program, args)} ${ending(result)}${said(result)}`,
    {
      context: { diagnosis },
    },
  )
}

const meanings: Readonly<Record<Diagnosis, readonly ['blocked' | 'failed', string]>> = {
  locked: ['blocked', 'another package manager is at work on this machine; the next run tries again'],
  interrupted: ['blocked', 'an installation was interrupted and could not be finished'],
  'unknown-package': [
    'failed',
    "no repository of this machine has it; check the name and version, or read the indexes with 'update_cache: true'",
  ],
  repository: ['blocked', 'a package repository of this machine is broken or cannot be reached; mend or remove it'],
  disk: ['blocked', 'the disk is full; make room'],
  held: [
    'blocked',
    "a package is held at its version; release it (apt-mark unhold), or let this resource hold it with 'lock_version'",
  ],
  other: ['failed', ''],
}
