import type { Command } from 'commander'
import { confirm, interruptSignal, print, printJson } from '#cli/shell'
import { ApiError, serverRoutes } from '#node/api'
import { examples } from '../../examples-text.ts'
import { withServer } from '../../server/index.ts'
import { plural } from '../../words.ts'

interface RemoveFlags {
  reason: string
  yes?: boolean
  json?: boolean
}

export function addRemove(bolt: Command): void {
  bolt
    .command('remove <bolt>')
    .description('put a bolt out of the fleet for good: its key is revoked')
    .option('--reason <text>', 'kept in the record that all members see', '')
    .option('--yes', 'do not ask')
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      `\nOn the server that founded the fleet. Drain it first, if it still runs. What it published stays; envoys that it let in are told of.${examples(
        [["vigocli spanner bolt remove bolt3 --reason 'disk gone'", 'it publishes and serves nothing any more']],
      )}`,
    )
    .action((name: string, { reason, yes = false, json = false }: RemoveFlags, command: Command) =>
      withServer(command, async client => {
        const call = { signal: interruptSignal() }
        const { hostname, peer, home } = await client.call(serverRoutes.bolt, { bolt: name }, call)
        if (!yes && !(await isMeant(hostname, home.envoys, json, call.signal))) return print('Nothing was changed.')
        const row = await client.call(serverRoutes.revokeMember, { member: peer, reason }, call)
        if (json) return printJson(row)
        print(`${row.hostname} is out of the fleet; every member cuts it off when the gossip arrives.`)
        if (row.takenAlong.length === 0) return
        print(
          `Out with it, because only it had admitted them: ${row.takenAlong.join(', ')}. Let in again those that you trust: vigosrv members readmit <member...>`,
        )
      }),
    )
}

/** @throws ApiError 'bad-request' where nobody can be asked */
async function isMeant(hostname: string, envoys: number, json: boolean, signal: AbortSignal): Promise<boolean> {
  if (json || !process.stdin.isTTY || !process.stderr.isTTY) {
    throw new ApiError('bad-request', `a bolt that is removed never comes back; say --yes to remove ${hostname}`)
  }
  return await confirm(`Remove ${hostname} for good? Other bolts serve its ${plural(envoys, 'envoy')}.`, signal)
}
