import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command, CommanderError } from 'commander'
import { errorBody, exitCodeOf, exitCodes } from '#node/api/errors'
import { codeOf, isAbort, type Layout, layout, messageOf } from '#node/kit'

export const version: string = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version

/** Options that every command has. */
export interface GlobalOptions {
  root?: string
  debug?: boolean
}

/** A program with the options and habits that all of ours share; its own `--version` is no option, because commands have one. */
export function createProgram(name: string, description: string): Command {
  // Meant for this process: see cli/bin/run.
  delete process.env['NODE_COMPILE_CACHE']
  return new Command(name)
    .description(description)
    .option('--root <dir>', 'put every path of this machine below DIR', process.env['VIGO_ROOT'] ?? '/')
    .option('--debug', 'show stack traces')
    .showHelpAfterError('(see --help)')
    .addHelpText('after', `\n${name} --version prints the version.`)
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .exitOverride()
}

export function layoutOf(command: Command): Layout {
  const { root } = command.optsWithGlobals<GlobalOptions>()
  return layout(resolve(root ?? '/'))
}

/**
 * Runs the program to its exit code. Failures are one sentence on standard error, or with `--json` an object; Ctrl-C aborts the
 * command's signal, lets it clean up and exits with 130.
 */
export async function runProgram(program: Command, argv: readonly string[]): Promise<number> {
  if (isVersionAsked(argv)) {
    process.stdout.write(`${version}\n`)
    return 0
  }
  process.stdout.on('error', endWithReader)
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return Number(process.exitCode ?? 0)
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage
    const debug = argv.includes('--debug')
    if (isAbort(error) || interrupt.signal.aborted) {
      process.stderr.write(`${program.name()}: interrupted\n`)
      return exitCodes.interrupted
    }
    if (argv.includes('--json')) process.stderr.write(`${JSON.stringify({ error: errorBody(error) })}\n`)
    else process.stderr.write(`${program.name()}: ${messageOf(error)}\n`)
    if (debug && error instanceof Error) process.stderr.write(`${error.stack}\n`)
    return exitCodeOf(error)
  }
}

/** Of the program; a command may have an option of that name. */
export function isVersionAsked(argv: readonly string[]): boolean {
  return argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')
}

/** Whoever read the output (`head`, a pager) has enough. */
function endWithReader(error: Error): void {
  if (codeOf(error) !== 'EPIPE') throw error
  process.exit(Number(process.exitCode ?? 0))
}

const interrupt = new AbortController()

/** Fires at the first Ctrl-C (or SIGTERM) of this process; a second one ends it at once. */
export function interruptSignal(): AbortSignal {
  if (process.listenerCount('SIGINT') === 0) {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (interrupt.signal.aborted) process.exit(exitCodes.interrupted)
        interrupt.abort()
      })
    }
  }
  return interrupt.signal
}
