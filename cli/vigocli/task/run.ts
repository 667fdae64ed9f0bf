import { type Command, InvalidArgumentError, Option } from 'commander'
import { confirm, durationOption, interruptSignal, paint, print, printJson } from '#cli/shell'
import { type ApiClient, ApiError, type BodyOf, exitCodes, serverRoutes, type TaskPlan, type TaskRow } from '#node/api'
import { examples } from '../examples-text.ts'
import { withServer } from '../server/index.ts'
import { plural } from '../words.ts'
import { follow, summary } from './follow.ts'

interface RunOptions {
  target?: string
  batchSize?: string
  maxFailures?: string
  healthCheck?: string
  healthCheckUrl?: string
  timeout?: number
  nice?: number
  param: Record<string, string>
  operator?: string
  dryRun?: boolean
  force?: boolean
  yes?: boolean
  wait: boolean
  json?: boolean
}

type Request = BodyOf<typeof serverRoutes.runTask>

export function addRun(task: Command): void {
  task
    .command('run <command>')
    .description('run a shell command, or a task of the live release by its name, on envoys')
    .option('--target <hosts>', 'host names, patterns, keys or path=value of traits, separated by commas; - excludes')
    .option('--batch-size <n|%>', 'so many hosts at a time, 5 or 25% (default: all)')
    .option('--max-failures <n|%>', 'so many hosts may fail, 2 or 10%; one more ends the run (default: 0)')
    .option(
      '--health-check <command|url>',
      'after each batch: a command on the server, or a URL that must answer with 2xx',
    )
    .option('--health-check-url <url>', 'the same for a URL')
    .addOption(new Option('--timeout <duration>', 'how long one host may take (default: 60s)').argParser(timeoutOption))
    .addOption(new Option('--nice <n>', 'priority of the command, 0 to 19').argParser(niceOption))
    .addOption(
      new Option('--param <name=value>', 'for a task of the release (repeatable)')
        .argParser(paramOption)
        .default({}, 'none'),
    )
    .option('--operator <name>', 'for whom, where a program runs this')
    .option('--dry-run', 'say which hosts in which batches, and run nothing')
    .option('--force', 'also when the command looks dangerous')
    .option('--yes', 'answer the question about a dangerous command with yes')
    .option('--no-wait', 'do not wait until it ended')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `${examples([
        ["vigocli task run uptime --target 'web-*'", 'on all hosts at once'],
        [
          "vigocli task run 'systemctl restart app' --target role=web --batch-size 25% --health-check https://app/health",
          'a quarter at a time',
        ],
        ['vigocli task run rotate-logs --target os.family=debian --param keep=7', 'a task of the release'],
      ])}

Ctrl-C cancels it on all hosts. Exit codes: 0 it succeeded, 1 it failed or was aborted, 3 no such host or task, 4 refused, 130 cancelled.`,
    )
    .action((what: string, options: RunOptions, command: Command) =>
      withServer(command, client => run(client, what, options)),
    )
}

async function run(client: ApiClient, what: string, options: RunOptions): Promise<void> {
  const signal = interruptSignal()
  const request = await requestOf(client, what, options, signal)
  const { plan } = await client.call(serverRoutes.runTask, { ...request, dryRun: true }, { signal })
  if (options.dryRun === true) return options.json === true ? printJson(plan) : tellPlan(plan)
  const force = options.force === true || (await isAgreed(plan, options, signal))
  const started = await client.call(serverRoutes.runTask, { ...request, ...(force ? { force } : {}) }, { signal })
  const { task } = started
  if (task === null) throw new ApiError('broken-answer', 'the server did not say which task it started')
  if (!options.wait) return options.json === true ? printJson(task) : print(task.id)
  if (options.json !== true)
    process.stderr.write(`${paint('dim', `task ${task.id} on ${plural(task.hosts.length, 'host')}`, process.stderr)}\n`)
  end(await follow(client, task, { signal, isQuiet: options.json === true }), options)
}

function end(row: TaskRow, { json }: RunOptions): void {
  if (row.state !== 'succeeded') process.exitCode = exitCodes.failed
  if (json === true) printJson(row)
  else process.stderr.write(`${summary(row)}\n`)
}

/** A word that names a task of the live release is that task; everything else is a command. */
async function requestOf(client: ApiClient, what: string, options: RunOptions, signal: AbortSignal): Promise<Request> {
  const isName = /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(what) && (await isNamed(client, what, signal))
  if (!isName && Object.keys(options.param).length > 0) {
    throw new ApiError(
      'bad-request',
      `--param is for tasks of the live release, and it has no task '${what}'; see vigocli task list --named`,
    )
  }
  const { target, batchSize, maxFailures, healthCheck, healthCheckUrl, timeout, nice, operator } = options
  const given = {
    ...(isName ? { taskName: what, params: options.param } : { command: what }),
    target,
    batchSize,
    maxFailures,
    healthCheck,
    healthCheckUrl,
    timeout,
    nice,
    operator,
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Request
}

async function isNamed(client: ApiClient, name: string, signal: AbortSignal): Promise<boolean> {
  const { tasks } = await client.call(serverRoutes.namedTasks, {}, { signal })
  return tasks.some(task => task.name === name)
}

async function isAgreed(plan: TaskPlan | null, { yes }: RunOptions, signal: AbortSignal): Promise<boolean> {
  if (plan === null || plan.danger === null) return false
  if (yes === true) return true
  const hosts = plural(plan.batches.flat().length, 'host')
  return await confirm(`This looks dangerous: ${plan.danger}. Run '${plan.command}' on ${hosts}?`, signal)
}

function tellPlan(plan: TaskPlan | null): void {
  if (plan === null) return
  const hosts = plan.batches.flat()
  print(
    `${plan.name ?? plan.command} on ${plural(hosts.length, 'host')} in ${plural(plan.batches.length, 'batch', 'batches')}; ${plan.maxFailures} may fail, ${plan.timeoutMs / 1000} s for each`,
  )
  for (const [at, batch] of plan.batches.entries()) {
    const names = batch.map(({ hostname, isConnected }) => (isConnected ? hostname : `${hostname} (not connected)`))
    print(`  ${at + 1}: ${names.join(', ')}`)
  }
  if (plan.healthCheck !== null) print(`health check after each batch: ${plan.healthCheck}`)
  if (plan.danger !== null) print(`${paint('yellow', 'dangerous')}: ${plan.danger}; it needs --force`)
}

function timeoutOption(text: string): number {
  const seconds = /^\d+$/.test(text) ? Number(text) : Math.ceil(durationOption(text) / 1000)
  if (seconds < 1 || seconds > 86_400) throw new InvalidArgumentError('must be between 1s and 24h')
  return seconds
}

function niceOption(text: string): number {
  const nice = Number(text)
  if (!Number.isInteger(nice) || nice < 0 || nice > 19) throw new InvalidArgumentError('must be 0 to 19')
  return nice
}

function paramOption(text: string, previous: Record<string, string>): Record<string, string> {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('must be name=value')
  return { ...previous, [text.slice(0, at)]: text.slice(at + 1) }
}
