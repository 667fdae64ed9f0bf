import type { Command } from 'commander'
import { paint, print, printJson } from '#cli/shell'
import { exitCodes, serverRoutes } from '#node/api'
import { withServer } from './client.ts'

export function addReload(program: Command): void {
  program
    .command('reload')
    .description('let the running server read its settings, its certificate and what is live again (as SIGHUP does)')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  $ vigosrv reload   after a change of server.yaml\n\nExit codes: 0 reloaded, 1 what is live cannot be used.',
    )
    .action((options: { json?: boolean }, command: Command) =>
      withServer(command, async client => {
        const reloaded = await client.call(serverRoutes.reload, {})
        const { config, restartNeeded } = reloaded
        if (config.problem !== null) process.exitCode = exitCodes.failed
        if (options.json) return printJson(reloaded)
        if (config.problem === null)
          print(`Reloaded; live is ${config.release?.slice(0, 12) ?? 'nothing'} (version ${config.version}).`)
        else process.stderr.write(`${paint('red', 'error', process.stderr)}: ${config.problem.message}\n`)
        if (restartNeeded.length > 0) print(`These settings need a restart: ${restartNeeded.join(', ')}.`)
      }),
    )
}
