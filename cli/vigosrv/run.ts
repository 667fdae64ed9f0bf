import type { Command } from 'commander'
import { layoutOf, version } from '#cli/shell'
import { runUntilSignal } from '#node/kit'

export function addRun(program: Command): void {
  program
    .command('run')
    .description('run the server until SIGTERM; logs are JSON lines on standard error')
    .action(async (_options: object, command: Command) => {
      const { startVigosrv } = await import('#node/vigosrv')
      await runUntilSignal(() => startVigosrv({ layout: layoutOf(command), version }))
    })
}
