import { type Command, Option } from 'commander'
import { interruptSignal, print, printJson, printTable } from '#cli/shell'
import { type BodyOf, type EnvoyRow, type ReplyOf, serverRoutes } from '#node/api'
import { examples } from '../examples-text.ts'
import { withServer } from '../server/index.ts'
import { ago, plural, short, stateWord } from '../words.ts'

type EnvoysBody = BodyOf<typeof serverRoutes.envoys>
type Filter = Omit<EnvoysBody, 'limit' | 'after'>

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
        const call = { signal: interruptSignal() }
        const ask = (body: EnvoysBody) => client.call(serverRoutes.envoys, body, call)
        const rows = await allEnvoys(ask, filterOf(options))
        if (options.json) printJson(rows)
        else tellEnvoys(rows)
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

/** Page by page, from whoever answers. */
export async function allEnvoys(
  ask: (body: EnvoysBody) => Promise<ReplyOf<typeof serverRoutes.envoys>>,
  filter: Filter = {},
): Promise<EnvoyRow[]> {
  const rows: EnvoyRow[] = []
  for (;;) {
    const last = rows.at(-1)?.hostname
    const page = await ask({ ...filter, limit: 2000, ...(last === undefined ? {} : { after: last }) })
    rows.push(...page.envoys)
    if (!page.more) return rows
  }
}

export function tellEnvoys(rows: readonly EnvoyRow[]): void {
  const now = Date.now()
  printTable(
    ['HOSTNAME', 'RELEASE', 'LAST SEEN', 'DRIFT', 'STATUS'],
    rows.map(row => cellsOf(row, now)),
    'No envoy is like that.',
  )
  if (rows.length > 0) print(plural(rows.length, 'envoy'))
}

function cellsOf(row: EnvoyRow, now: number): string[] {
  const seen = row.isConnected ? 'connected' : ago(row.lastSeenAt, now)
  const reach = row.reachability === 'stale' ? `, ${stateWord('stale')}` : ''
  const problem = row.problem === '' ? '' : `; ${row.problem}`
  return [row.hostname, short(row.release), seen, row.drift, `${stateWord(row.status)}${reach}${problem}`]
}
