import { type Command, Option } from 'commander'
import { durationOption, interruptSignal, print, printJson, printTable } from '#cli/shell'
import { type ApiTokenRow, type Role, serverRoutes } from '#node/api'
import { formatDuration, parseDuration } from '#node/kit'
import { examples } from './examples-text.ts'
import { withServer } from './server/index.ts'
import { ago } from './words.ts'

export function addToken(program: Command): void {
  const token = program.command('token').description('API tokens: who may use this server from elsewhere')
  token
    .command('create <name>')
    .description('make a token and print it, this once')
    .addOption(new Option('--role <role>', 'what it may do').choices(['viewer', 'operator', 'admin']).default('viewer'))
    .addOption(
      new Option('--ttl <duration>', 'how long it is good')
        .argParser(durationOption)
        .default(parseDuration('90d'), '90d'),
    )
    .option('--no-expiry', 'good until it is revoked')
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      `\nviewer reads; operator also publishes, rolls back, pushes and runs tasks; admin also manages tokens and members.${examples(
        [
          ['vigocli token create grafana', 'reads, for 90 days'],
          ['vigocli token create ci --role operator --ttl 30d', 'publishes and runs tasks'],
        ],
      )}`,
    )
    .action((name: string, options: { role: Role; ttl: number; expiry: boolean; json?: boolean }, command: Command) =>
      withServer(command, async client => {
        const ttlMs = options.expiry ? options.ttl : null
        const call = { signal: interruptSignal() }
        const created = await client.call(serverRoutes.createToken, { name, role: options.role, ttlMs }, call)
        if (options.json) printJson(created)
        else print(created.token)
      }),
    )
  token
    .command('list')
    .description('tokens of this server')
    .option('--json', 'print as JSON')
    .addHelpText('after', examples([['vigocli token list', 'with when each was last used']]))
    .action((options: { json?: boolean }, command: Command) =>
      withServer(command, async client => {
        const { tokens } = await client.call(serverRoutes.tokens, {}, { signal: interruptSignal() })
        if (options.json) return printJson(tokens)
        const now = Date.now()
        printTable(
          ['ID', 'NAME', 'ROLE', 'MADE BY', 'LAST USED', 'EXPIRES'],
          tokens.map(row => [row.id, row.name, row.role, row.createdBy, ago(row.lastUsedAt, now), endOf(row, now)]),
          'No API tokens. Make one with: vigocli token create <name>',
        )
      }),
    )
  token
    .command('revoke <token>')
    .description('withdraw a token (id or name), and end the sessions that were opened with it')
    .option('--json', 'print as JSON')
    .addHelpText('after', examples([['vigocli token revoke ci', 'from now on it opens nothing']]))
    .action((id: string, options: { json?: boolean }, command: Command) =>
      withServer(command, async client => {
        const row = await client.call(serverRoutes.revokeToken, { id }, { signal: interruptSignal() })
        if (options.json) printJson(row)
        else print(`Token '${row.name}' (${row.id}) is revoked.`)
      }),
    )
}

function endOf({ revokedAt, expiresAt }: ApiTokenRow, now: number): string {
  if (revokedAt !== null) return `revoked ${ago(revokedAt, now)}`
  if (expiresAt === null) return 'never'
  return expiresAt > now ? `in ${formatDuration(expiresAt - now)}` : 'expired'
}
