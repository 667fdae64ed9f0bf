import { parseDuration } from '#node/kit'
import { change } from '../change.ts'
import { ExecutorError } from '../errors.ts'
import type { Attributes, Executor, ExecutorOptions } from '../executor.ts'
import type { Machine } from '../machine.ts'
import { MissingYet, planned } from '../planned.ts'
import { entryAt, findPlace, isTrustedOwner, isTrustedWay, isWritableByOthers, kindNames } from '../safe-files/index.ts'
import { endOf, lastWords } from '../shell.ts'
import { answerOf, type CustomAnswer } from './custom-answer.ts'

/** Where the scripts of custom executors are when `agent.yaml` does not say another folder; the name of a script is the type. */
export const CUSTOM_FOLDER = '/etc/vigo/executors'

const DEFAULT_TIMEOUT_MS = 300_000
const MAX_TIMEOUT_MS = 3_600_000
const MAX_ANSWER_BYTES = 64 * 1024
const EXECUTABLE = 0o111

/** The executor of a type that the product does not know: a script of the folder that speaks the protocol of `custom-answer.ts`. */
export function customExecutor(type: string, folder: string = CUSTOM_FOLDER): Executor {
  return planned<Attributes>(
    { type, reach: 'paths', acts: 'until-compliant' },
    async (attributes, machine, options) => {
      const answer = await ask(type, folder, attributes, true, machine, options)
      if (answer.action === 'skipped') return { kind: 'skipped', reason: 'its script says that there is nothing to do' }
      if (!answer.changed) return { kind: 'compliant' }
      return {
        kind: 'different',
        changes: [change('action', '', answer.action)],
        carryOut: async () => {
          await ask(type, folder, attributes, false, machine, options)
          return {}
        },
      }
    },
  )
}

async function ask(
  type: string,
  folder: string,
  { timeout, timeout_secs, ...params }: Attributes,
  isDryRun: boolean,
  machine: Machine,
  options: ExecutorOptions,
): Promise<CustomAnswer> {
  const timeoutMs = timeoutOf(timeout ?? timeout_secs)
  const result = await machine.run(await scriptOf(type, folder, machine, options), [], {
    signal: options.signal,
    timeoutMs,
    stdin: JSON.stringify({ params, dry_run: isDryRun }),
    maxOutputBytes: MAX_ANSWER_BYTES,
  })
  if (result.isTimedOut) throw new ExecutorError('failed', `the script of '${type}' ${endOf(result, timeoutMs)}`)
  const answer = answerOf(result.stdout)
  if (answer === null) {
    const words = lastWords(result)
    throw new ExecutorError(
      'failed',
      `the script of '${type}' ${endOf(result, timeoutMs)} without an answer {"action", "changed", "error"}${words === '' ? '' : `: ${words}`}`,
    )
  }
  if (answer.action === 'blocked') {
    throw new ExecutorError('blocked', answer.error === '' ? `the script of '${type}' is blocked` : answer.error)
  }
  if (answer.error !== '') throw new ExecutorError('failed', answer.error)
  if (result.exitCode !== 0) throw new ExecutorError('failed', `the script of '${type}' ${endOf(result, timeoutMs)}`)
  return answer
}

/** It runs as root: only root, or the agent, may have written it. @throws ExecutorError 'unsafe' */
async function scriptOf(type: string, folder: string, machine: Machine, options: ExecutorOptions): Promise<string> {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/.test(type)) {
    throw new ExecutorError('failed', `'${type.slice(0, 100)}' is no name of a custom executor`)
  }
  const shown = `${folder}/${type}`
  await using place = await findPlace(machine, shown, options)
  const entry = await entryAt(place, options)
  if (place === null || entry.kind === 'missing') {
    throw new MissingYet(`this machine has no script ${shown}; deploy it with a file resource that comes before`)
  }
  if (entry.kind !== 'file') throw new ExecutorError('unsafe', `${shown} is ${kindNames[entry.kind]}, not a file`)
  const { uid, mode } = entry.stats
  if (!isTrustedOwner(uid) || isWritableByOthers(entry.stats) || !(await isTrustedWay(place.folder))) {
    throw new ExecutorError(
      'unsafe',
      `${shown} is not run: it and the directories that it is in must belong to root, and others must not be able to write them (chown root, chmod 0755)`,
    )
  }
  if ((mode & EXECUTABLE) === 0) throw new ExecutorError('failed', `${shown} is not executable (chmod 0755)`)
  return place.path
}

function timeoutOf(written: unknown): number {
  if (written === undefined) return DEFAULT_TIMEOUT_MS
  const text = typeof written === 'string' || typeof written === 'number' ? String(written) : ''
  const timeoutMs = /^\d+$/.test(text) ? Number(text) * 1000 : durationOf(text)
  return Math.min(timeoutMs, MAX_TIMEOUT_MS)
}

function durationOf(text: string): number {
  try {
    return parseDuration(text)
  } catch {
    throw new ExecutorError('failed', `timeout '${text.slice(0, 50)}' is no duration; write for example 90s or 5m`)
  }
}
