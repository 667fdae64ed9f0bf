import type { Command } from 'commander'
import { print, printJson, printTable } from '#cli/shell'
import { serverRoutes } from '#node/api'
import { withServer } from './client.ts'

export function addMembers(program: Command): void {
  const members = program.command('members').description('who is in the fleet')
  members
    .command('list')
    .description('everybody who was ever admitted')
    .option('--json', 'print as JSON')
    .action((options: { json?: boolean }, command: Command) =>
      withServer(command, async client => {
        const { members: rows } = await client.call(serverRoutes.members, {})
        if (options.json) return printJson(rows)
        printTable(
          ['HOSTNAME', 'ROLE', 'PLATFORM', 'STATE', 'PEER'],
          rows.map(row => [
            row.hostname,
            row.isFounder ? `${row.role}, founder` : row.role,
            row.platform,
            stateOf(row),
            row.peer,
          ]),
          'No members.',
        )
      }),
    )
  members
    .command('revoke <member>')
    .description(
      'put a member (host name, public key or unique prefix of it) out of the fleet for good; servers only on the one that founded the fleet',
    )
    .option('--reason <text>', 'kept in the record that all members see', '')
    .option('--json', 'print as JSON')
    .action((member: string, options: { reason: string; json?: boolean }, command: Command) =>
      withServer(command, async client => {
        const row = await client.call(serverRoutes.revokeMember, { member, reason: options.reason })
        if (options.json) return printJson(row)
        print(`${row.hostname} (${row.peer}) is revoked; every member cuts it off when the gossip arrives.`)
        if (row.takenAlong.length === 0) return
        print(
          `Out with it, because only it had admitted them: ${row.takenAlong.join(', ')}. They are back when they enrol again (same key, new token).`,
        )
      }),
    )
}

function stateOf(row: { connected: boolean; isMember: boolean; revoked: { reason: string } | null }): string {
  if (row.revoked !== null) return `revoked${row.revoked.reason === '' ? '' : ` (${row.revoked.reason})`}`
  if (!row.isMember) return 'out (as the server that admitted it)'
  return row.connected ? 'connected' : 'away'
}
