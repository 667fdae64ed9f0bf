import { type Command, Option } from 'commander'
import { interruptSignal, print, printJson, printTable } from '#cli/shell'
import { type ApiClient, type BodyOf, type EnvoyRow, serverRoutes } from '#node/api'
import { examples } from '../examples-text.ts'
import { withServer } from '../server/index.ts'
import { ago, plural, short, stateWord } from '../words.ts'

type Filter = Omit<BodyOf<typeof serverRoutes.envoys>, 'limit' | 'after'>

interface ListOptions {
  status?: NonNullable<Filter['status']>
  drift?: NonNullable<Filter['drift']>
  stale?: boolean
  release?: string
  filter?: string
  json?: boolean
}

export function addList(envoys: Command): void {
  envoys
    .command('list')
    .description('envoys with how their last run went')
    .addOption(new Option('--status <status>', 'only these').choices(['converged', 'degraded', 'failed', 'no-data']))
    .addOption(new Option('--drift <drift>', 'only these').choices(['none', 'changed', 'diverged']))
    .option('--stale', 'only those that did not check in for two and a half intervals')
    .option('--release <hash>', 'only those that last ran this release (its first six digits or more)')
    .option('--filter <text>', 'only host names that have this part, or match this pattern')
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      examples([
        ['vigocli envoys list --status failed', 'where the last run failed'],
        ["vigocli envoys list --filter 'web-*.example.com'", 'one kind of host'],
      ]),
    )
    .action((options: ListOptions, command: Command) =>
      withServer(command, async client => {
        const { rows, total } = await allOf(client, filterOf(options), interruptSignal())
        if (options.json) return printJson(rows)
        const now = Date.now()
        printTable(
          ['HOSTNAME', 'RELEASE', 'LAST SEEN', 'DRIFT', 'STATUS'],
          rows.map(row => cellsOf(row, now)),
          'No envoy is like that.',
        )
        if (rows.length > 0) print(plural(total, 'envoy'))
      }),
    )
}

function filterOf({ status, drift, stale, release, filter }: ListOptions): Filter {
  return {
    ...(status === undefined ? {} : { status }),
    ...(drift === undefined ? {} : { drift }),
    ...(stale === true ? { reachability: 'stale' as const } : {}),
    ...(release === undefined ? {} : { release }),
    ...(filter === undefined ? {} : { filter }),
  }
}

/** Page by page. */
async function allOf(
  client: ApiClient,
  filter: Filter,
  signal: AbortSignal,
): Promise<{ rows: EnvoyRow[]; total: number }> {
  const rows: EnvoyRow[] = []
  for (;;) {
    const last = rows.at(-1)?.hostname
    const page = await client.call(
      serverRoutes.envoys,
      { ...filter, limit: 2000, ...(last === undefined ? {} : { after: last }) },
      { signal },
    )
    rows.push(...page.envoys)
    if (!page.more) return { rows, total: page.total }
  }
}

function cellsOf(row: EnvoyRow, now: number): string[] {
  const seen = row.isConnected ? 'connected' : ago(row.lastSeenAt, now)
  const reach = row.reachability === 'stale' ? `, ${stateWord('stale')}` : ''
  const problem = row.problem === '' ? '' : `; ${row.problem}`
  return [row.hostname, short(row.release), seen, row.drift, `${stateWord(row.status)}${reach}${problem}`]
}
