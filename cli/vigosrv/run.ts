import type { Command } from 'commander'
import { layoutOf, version } from '#cli/shell'
import { runUntilSignal } from '#node/kit'

export function addRun(program: Command): void {
  program
    .command('run')
    .description('run the server until SIGTERM, reload on SIGHUP; logs are JSON lines on standard error')
    .action(async (_options: object, command: Command) => {
      const { startVigosrv } = await import('#node/vigosrv')
      // A reload that is asked for while it starts reads what the start reads.
      let reload = async (): Promise<void> => undefined
      process.on('SIGHUP', () => void reload())
      await runUntilSignal(async () => {
        const server = await startVigosrv({ layout: layoutOf(command), version })
        reload = () => server.reload()
        return server
      })
    })
}
