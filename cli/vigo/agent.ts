import type { Command } from 'commander'
import { interruptSignal, layoutOf, printJson, version } from '#cli/shell'
import { envoyRoutes, exitCodes, type PassReply } from '#node/api'
import { codeOf, runUntilSignal, silentLogger } from '#node/kit'
import { withAgent } from './client.ts'
import { isGood, printPass } from './pass.ts'

interface RunOptions {
  readonly once?: boolean
  readonly dryRun?: boolean
  readonly json?: boolean
}

export function addAgent(program: Command): void {
  const agent = program.command('agent').description('the daemon of this machine')
  agent
    .command('run')
    .description('run the agent until SIGTERM; logs are JSON lines on standard error')
    .option('--once', 'check in, put right what differs, say what was done, and end; 1 when something failed')
    .option('--dry-run', 'say what would change, and change nothing')
    .option('--json', 'with --once: print the run as JSON')
    .action(async (options: RunOptions, command: Command) => {
      if (options.once !== true) return runDaemon(options, command)
      const reply = await passOnce(options, command)
      if (options.json) printJson(reply)
      else printPass(reply)
      if (!isGood(reply)) process.exitCode = exitCodes.failed
    })
}

async function runDaemon({ dryRun }: RunOptions, command: Command): Promise<void> {
  const { startEnvoy } = await import('#node/envoy')
  await runUntilSignal(() => startEnvoy({ layout: layoutOf(command), version, dryRun: dryRun === true }))
}

/** By the agent that runs here, or, when none does, by this process. */
async function passOnce(options: RunOptions, command: Command): Promise<PassReply> {
  const dryRun = options.dryRun === true
  const signal = interruptSignal()
  try {
    return await withAgent(command, client => client.call(envoyRoutes.pass, { dryRun }, { signal }))
  } catch (error) {
    if (codeOf(error) !== 'not-running') throw error
  }
  const { runOnce } = await import('#node/envoy')
  return runOnce({ layout: layoutOf(command), version, dryRun, logger: silentLogger, signal })
}
