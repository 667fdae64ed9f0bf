import type { Command } from 'commander'
import { layoutOf, version } from '#cli/shell'
import { runUntilSignal } from '#node/kit'

export function addAgent(program: Command): void {
  const agent = program.command('agent').description('the daemon of this machine')
  agent
    .command('run')
    .description('run the agent until SIGTERM; logs are JSON lines on standard error')
    .action(async (_options: object, command: Command) => {
      const { startEnvoy } = await import('#node/envoy')
      await runUntilSignal(() => startEnvoy({ layout: layoutOf(command), version }))
    })
}
