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
          rows.map(row => [row.hostname, row.role, row.platform, stateOf(row), row.peer]),
          'No members.',
        )
      }),
    )
  members
    .command('revoke <member>')
    .description('put a member (host name, public key or unique prefix of it) out of the fleet for good')
    .option('--reason <text>', 'kept in the record that all members see', '')
    .option('--json', 'print as JSON')
    .action((member: string, options: { reason: string; json?: boolean }, command: Command) =>
      withServer(command, async client => {
        const row = await client.call(serverRoutes.revokeMember, { member, reason: options.reason })
        if (options.json) return printJson(row)
        print(`${row.hostname} (${row.peer}) is revoked; every member cuts it off when the gossip arrives.`)
      }),
    )
}

function stateOf(row: { connected: boolean; revoked: { reason: string } | null }): string {
  if (row.revoked !== null) return `revoked${row.revoked.reason === '' ? '' : ` (${row.revoked.reason})`}`
  return row.connected ? 'connected' : 'away'
}
