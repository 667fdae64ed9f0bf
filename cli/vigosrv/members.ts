import type { Command } from 'commander'
import { print, printJson, printTable } from '#cli/shell'
import { type ApiClient, type MemberRow, serverRoutes } from '#node/api'
import { VigoError } from '#node/kit'
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
          `Out with it, because only it had admitted them: ${row.takenAlong.join(', ')}. Let in again those that you trust: vigosrv members readmit <member...>`,
        )
      }),
    )
  members
    .command('readmit [member...]')
    .description(
      'let in again, with the keys they have, envoys that are out because the server that admitted them was revoked',
    )
    .option('--admitted-by <server>', 'all whom this server had admitted')
    .option('--json', 'print as JSON')
    .action((named: string[], options: { admittedBy?: string; json?: boolean }, command: Command) =>
      withServer(command, async client => {
        const { admittedBy } = options
        const all = admittedBy === undefined ? [] : await strandedBy(client, admittedBy)
        if (named.length + all.length === 0) {
          if (admittedBy === undefined) throw new VigoError('usage', 'say whom: members, or --admitted-by <server>')
          if (options.json) return printJson([])
          return print(`Nobody is out because of '${admittedBy}'.`)
        }
        const rows: MemberRow[] = []
        for (const member of [...named, ...all]) {
          rows.push(await client.call(serverRoutes.readmitMember, { member }))
        }
        if (options.json) return printJson(rows)
        print(`In again: ${rows.map(({ hostname }) => hostname).join(', ')}.`)
      }),
    )
}

/** Public keys of those who are out because of a server. */
async function strandedBy(client: ApiClient, server: string): Promise<string[]> {
  const { members } = await client.call(serverRoutes.members, {})
  return members
    .filter(row => !row.isMember && row.revoked === null && row.admittedBy === server)
    .map(({ publicKey }) => publicKey)
}

function stateOf(row: { connected: boolean; isMember: boolean; revoked: { reason: string } | null }): string {
  if (row.revoked !== null) return `revoked${row.revoked.reason === '' ? '' : ` (${row.revoked.reason})`}`
  if (!row.isMember) return 'out (as the server that admitted it)'
  return row.connected ? 'connected' : 'away'
}
