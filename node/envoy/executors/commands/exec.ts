import type { AttributesOf, SchemaOf } from '#config/lang'
import { change } from '../change.ts'
import { ExecutorError } from '../errors.ts'
import type { Applied, ExecutorOf, ExecutorOptions } from '../executor.ts'
import type { Machine, RunOptions, RunResult } from '../machine.ts'
import { planned } from '../planned.ts'
import { endOf, lastWords, runShell, shellCommand } from '../shell.ts'
import { type SecretFile, withSecretFile, writeSecretFile } from './secret-file.ts'
import { requireUser, workingFolder } from './working-folder.ts'

type ExecAttributes = AttributesOf<SchemaOf<'exec'>>

/** What a report takes. */
const MAX_OUTPUT = 16_000
const BACKGROUND_NICENESS = 19

export const execExecutor: ExecutorOf<'exec'> = planned<ExecAttributes>(
  { type: 'exec', reach: 'paths', acts: 'always' },
  async (attributes, machine, options) => {
    const context = await contextOf(attributes, machine, options)
    const reason = await reasonToRun(attributes, context, machine, options)
    if ('not' in reason) return { kind: 'skipped', reason: reason.not }
    return {
      kind: 'different',
      changes: [change('command', reason.because, 'run')],
      carryOut: () => runCommand(attributes, context, machine, options),
    }
  },
)

type Context = Pick<RunOptions, 'signal' | 'timeoutMs' | 'cwd' | 'environment' | 'user' | 'nice'>

/** Guards and command run in the same surroundings. */
async function contextOf(
  { cwd, user, environment, timeout, nice }: ExecAttributes,
  machine: Machine,
  { signal }: ExecutorOptions,
): Promise<Context> {
  await requireUser(user, machine, { signal })
  return {
    signal,
    timeoutMs: timeout * 1000,
    cwd: await workingFolder(cwd, machine),
    environment: environment ?? {},
    user,
    nice,
  }
}

/** Guards decide; a command without guards runs when something has triggered it. @throws ExecutorError when a guard does not end */
async function reasonToRun(
  { onlyif, unless }: ExecAttributes,
  context: Context,
  machine: Machine,
  { isTriggered }: ExecutorOptions,
): Promise<{ because: string } | { not: string }> {
  if (onlyif === undefined && unless === undefined) {
    return isTriggered
      ? { because: 'triggered' }
      : { not: 'it has no guard, and nothing that triggers it has changed in this run' }
  }
  if (onlyif !== undefined && !(await holds('onlyif', onlyif, context, machine))) {
    return { not: "its guard 'onlyif' says that there is nothing to do" }
  }
  if (unless !== undefined && (await holds('unless', unless, context, machine))) {
    return { not: "its guard 'unless' says that there is nothing to do" }
  }
  return { because: unless === undefined ? "'onlyif' holds" : "'unless' does not hold" }
}

async function holds(name: string, guard: string, context: Context, machine: Machine): Promise<boolean> {
  const result = await runShell(machine, guard, context)
  if (result.isTimedOut) throw new ExecutorError('failed', `the guard '${name}' ${endOf(result, context.timeoutMs)}`)
  return result.exitCode === 0
}

async function runCommand(
  attributes: ExecAttributes,
  context: Context,
  machine: Machine,
  options: ExecutorOptions,
): Promise<Applied> {
  const { secret_file, user, background } = attributes
  const secret = secret_file === undefined ? null : await writeSecretFile(secret_file, user, machine, options)
  const command = withSecretFile(attributes.command, secret?.path)
  if (background) return await startCommand(command, secret, attributes, context, machine)
  try {
    const result = await runShell(machine, command, {
      ...context,
      ...(attributes.stdin === undefined ? {} : { stdin: attributes.stdin }),
    })
    return appliedOf(result, attributes, context.timeoutMs)
  } finally {
    await secret?.[Symbol.asyncDispose]()
  }
}

/** The file with its secret stays until the command ends, or, when the agent ends before it, until the next agent finds it. */
async function startCommand(
  text: string,
  secret: SecretFile | null,
  { stdin }: ExecAttributes,
  context: Context,
  machine: Machine,
): Promise<Applied> {
  try {
    if (stdin !== undefined) {
      throw new ExecutorError('failed', "a command in the background reads no 'stdin'; give it 'secret_file'")
    }
    const { program, args, environment } = shellCommand(text)
    const started = await machine.start(program, args, {
      ...context,
      environment: { ...context.environment, ...environment },
      nice: BACKGROUND_NICENESS,
    })
    if (secret !== null) void started.ended.then(() => secret[Symbol.asyncDispose]()).catch(() => undefined)
    return { note: `runs in the background as process ${started.pid}` }
  } catch (error) {
    await secret?.[Symbol.asyncDispose]()
    throw error
  }
}

function appliedOf(result: RunResult, { returns, logoutput }: ExecAttributes, timeoutMs: number): Applied {
  const isFine = !result.isTimedOut && result.exitCode !== null && returns.includes(String(result.exitCode))
  if (isFine) return logoutput ? outputOf(result) : {}
  const words = logoutput ? lastWords(result) : ''
  const what = `the command ${endOf(result, timeoutMs)}`
  throw new ExecutorError('failed', words === '' ? what : `${what}: ${words}`)
}

function outputOf({ stdout, stderr }: RunResult): Applied {
  const output = [stdout, stderr].filter(text => text !== '').join('\n')
  return output === '' ? {} : { output: output.length <= MAX_OUTPUT ? output : `…${output.slice(1 - MAX_OUTPUT)}` }
}
