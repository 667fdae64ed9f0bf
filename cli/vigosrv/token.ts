import { type Command, InvalidArgumentError, Option } from 'commander'
import { durationOption, print, printJson, printTable } from '#cli/shell'
import { serverRoutes } from '#node/api'
import { formatDuration } from '#node/kit'
import { withServer } from './client.ts'

export function addToken(program: Command): void {
  const token = program.command('token').description('permissions to join the fleet')
  token
    .command('create')
    .description('print a join URL for new machines: for vigo enroll, or for vigosrv join')
    .addOption(
      new Option(
        '--role <role>',
        'what they become: envoys, or further servers (bolts; only the server that founded the fleet lets those in)',
      )
        .choices(['envoy', 'bolt'])
        .default('envoy'),
    )
    .option('--pattern <glob>', 'host names that it is good for', '*')
    .option('--ttl <duration>', 'how long it is good (default: 24h, for a bolt 1h)', durationOption)
    .option('--uses <n>', 'how many machines it admits; always one for a bolt (default: 1)', usesOption)
    .option('--json', 'print as JSON')
    .action((options: CreateOptions, command: Command) =>
      withServer(command, async client => {
        const { role, pattern, ttl, uses } = options
        const created = await client.call(serverRoutes.createJoinToken, {
          role,
          pattern,
          ...(ttl === undefined ? {} : { ttlMs: ttl }),
          ...(uses === undefined ? {} : { uses }),
        })
        if (options.json) printJson(created)
        else print(created.url)
      }),
    )
  token
    .command('list')
    .description('tokens that were minted here')
    .option('--json', 'print as JSON')
    .action((options: { json?: boolean }, command: Command) =>
      withServer(command, async client => {
        const { tokens } = await client.call(serverRoutes.joinTokens, {})
        if (options.json) return printJson(tokens)
        const now = Date.now()
        printTable(
          ['ID', 'FOR', 'PATTERN', 'USES LEFT', 'EXPIRES'],
          tokens.map(row => [
            row.id,
            row.role,
            row.pattern,
            String(row.usesLeft),
            row.expiresAt > now ? `in ${formatDuration(row.expiresAt - now)}` : 'expired',
          ]),
          'No tokens. Mint one with: vigosrv token create',
        )
      }),
    )
  token
    .command('revoke <id>')
    .description('withdraw a token')
    .action((id: string, _options: object, command: Command) =>
      withServer(command, async client => {
        await client.call(serverRoutes.revokeJoinToken, { id })
        print(`Token ${id} is withdrawn.`)
      }),
    )
}

interface CreateOptions {
  role: 'envoy' | 'bolt'
  pattern: string
  ttl?: number
  uses?: number
  json?: boolean
}

function usesOption(text: string): number {
  const uses = Number(text)
  if (!Number.isInteger(uses) || uses < 1) throw new InvalidArgumentError('must be a whole number of at least 1')
  return uses
}
