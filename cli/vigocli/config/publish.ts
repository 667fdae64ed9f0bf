import { existsSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { durationOption, interruptSignal, print, printJson, statusLine } from '#cli/shell'
import {
  formatDiagnostics,
  formatPublish,
  type PublishResult,
  type PublishStep,
  publish,
  publishJson,
  type ReleaseTarget,
  type TreeChecker,
  treeChecker,
  URL_TIMEOUT_MS,
} from '#config/publish'
import { SecretStore, secretsFolder } from '#config/secrets'
import type { Holder } from '#config/store'
import type { ApiClient, SpannerStatus } from '#node/api'
import { exitCodes } from '#node/api/errors'
import { formatDuration } from '#node/kit'
import { examples } from '../examples-text.ts'
import { withServer } from '../server/connection.ts'
import { sharedBy } from './bolts/mode.ts'
import { waitOption } from './bolts/wait-option.ts'
import { type InForce, takeEffect, tellInForce, type WaitOptions } from './in-force.ts'
import { author, placesOf, releasesOf } from './places.ts'
import { SecretChecker } from './secret-checker.ts'
import type { Staged } from './staged.ts'
import { printSummary, tellProblems, tellWarning } from './tell.ts'

interface PublishFlags {
  dryRun?: boolean
  skipUrlCheck?: boolean
  urlTimeout: number
  prune: boolean
  askAi?: boolean
  canary?: string
  wait: 'all' | 'one' | boolean
  overwrite?: boolean
  reason?: string
  json?: boolean
}

export function addPublish(config: Command): void {
  config
    .command('publish')
    .description('validate the stacks and make them live, as a whole')
    .option('--dry-run', 'say what would happen and touch nothing')
    .option('--skip-url-check', 'do not ask whether URLs are alive (no network)')
    .addOption(
      new Option('--url-timeout <duration>', 'how long one URL may take')
        .argParser(durationOption)
        .default(URL_TIMEOUT_MS, formatDuration(URL_TIMEOUT_MS)),
    )
    .option('--no-prune', 'also release crates and templates that nothing refers to')
    .option('--canary <selector>', 'give it to canaries first: 5% of the fleet, a number of hosts, or a host pattern')
    .addOption(waitOption())
    .option('--no-wait', 'wait for nobody: not for other servers; with --canary, not for what becomes of it')
    .option(
      '--overwrite',
      'where several servers share the configuration: replace also what these stacks have never seen',
    )
    .option('--ask-ai', 'when it fails, ask the model of server.yaml (ai:) how to mend it')
    .option('--reason <text>', 'one line for the history')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      examples([
        ['vigocli config publish --dry-run', 'what would happen'],
        ["vigocli config publish --reason 'new web role'", 'make it live'],
        ['vigocli config publish --canary 5%', 'a twentieth of the fleet first; everybody when that went well'],
        ['vigocli config publish --stacks . --home /tmp/ci', 'into a folder of its own, in a CI job'],
      ]) +
        '\n\nExit codes: 0 published or nothing to publish, 1 invalid, not in force everywhere, or taken back, 4 frozen, not allowed, or somebody else published since, 5 somebody else publishes, or no server answers.',
    )
    .action(run)
}

async function run(options: PublishFlags, command: Command): Promise<void> {
  const shared = options.dryRun === true ? null : await sharedBy(command, interruptSignal())
  if (shared !== null) return await runShared(shared, options, command)
  if (options.canary !== undefined && options.dryRun !== true) return await runStaged(options.canary, options, command)
  const { result, inForce } = await publishNow(options, command)
  if (options.json) printJson({ ...publishJson(result), server: inForce })
  else tell(result, inForce)
  await adviseOn(result, options, command)
}

async function adviseOn(result: PublishResult, { askAi = false }: PublishFlags, command: Command): Promise<void> {
  if (!askAi || result.outcome !== 'invalid') return
  const { suggestFixes } = await import('./suggest.ts')
  await suggestFixes(command, result.diagnostics, interruptSignal())
}

/** The server makes it live, here and on all bolts. */
async function runShared(status: SpannerStatus, options: PublishFlags, command: Command): Promise<void> {
  const { everywhere, noCanaries, noteBase, sharedTarget, tellFollowed } = await import('./bolts/shared-publish.ts')
  if (options.canary !== undefined) throw noCanaries()
  const sight = { line: statusLine(), signal: interruptSignal() }
  const target = await sharedTarget(command, status, options, sight)
  const result = await pipeline(options, command, { ...sight, target })
  const release = liveAfter(result)
  if (target.commit !== null) await noteBase(command, target.commit)
  if (options.json !== true) tell(result, null)
  const isNew = release !== null && result.outcome === 'published'
  const followed = isNew ? await everywhere(command, release, options, sight) : null
  if (options.json) printJson({ ...publishJson(result), ...(followed ?? { server: null, bolts: null }) })
  if (followed !== null) tellFollowed(followed.bolts, options)
  await adviseOn(result, options, command)
}

/** The release goes to canaries first. Without a server there are none, so that one must run. */
async function runStaged(selector: string, options: PublishFlags, command: Command): Promise<void> {
  const signal = interruptSignal()
  const { announced, tellEnd } = await import('./staged.ts')
  await withServer(command, async client => {
    const { result, inForce } = await announced(client, selector, () => publishNow(options, command), {
      signal,
      isPublished: ({ result: { outcome } }) => outcome === 'published',
    })
    if (options.json !== true) tell(result, inForce)
    const release = result.outcome === 'published' && inForce?.state === 'in-force' ? result.entry.release : null
    const canary = release === null || options.wait === false ? null : await follow(client, release, signal)
    if (canary !== null && canary.phase !== 'promoted') process.exitCode = exitCodes.failed
    if (options.json) printJson({ ...publishJson(result), server: inForce, canary })
    else if (canary !== null) tellEnd(canary)
    else if (release !== null) print('Canaries have it first; see vigocli config rollout status.')
  })
}

async function follow(client: ApiClient, release: string, signal: AbortSignal): Promise<Staged> {
  try {
    const { followCanaries } = await import('./staged.ts')
    return await followCanaries(client, release, { signal, line: statusLine() })
  } catch (error) {
    if (signal.aborted) process.stderr.write('The roll-out goes on; see vigocli config rollout status.\n')
    throw error
  }
}

/** Publishes, and sees to it that the server has it. Null: there was nothing to tell the server. */
async function publishNow(
  options: PublishFlags,
  command: Command,
): Promise<{ result: PublishResult; inForce: InForce | null }> {
  const sight = { line: statusLine(), signal: interruptSignal() }
  const result = await pipeline(options, command, sight)
  const release = liveAfter(result)
  return { result, inForce: release === null ? null : await takeEffect(command, release, sight) }
}

async function pipeline(
  options: PublishFlags,
  command: Command,
  { line, signal, target }: WaitOptions & { readonly target?: ReleaseTarget },
): Promise<PublishResult> {
  const result = await publish({
    releases: releasesOf(command),
    checker: checkerOf(command),
    author: author(),
    ...(options.reason === undefined ? {} : { reason: options.reason }),
    dryRun: options.dryRun === true,
    skipUrlCheck: options.skipUrlCheck === true,
    urlTimeoutMs: options.urlTimeout,
    noPrune: !options.prune,
    target,
    signal,
    onProgress: step => line.show(wordsOf(step)),
  }).finally(() => line.clear())
  if (result.outcome === 'invalid') process.exitCode = exitCodes.failed
  return result
}

function liveAfter(result: PublishResult): string | null {
  if (result.isDryRun) return null
  if (result.outcome === 'published') return result.entry.release
  return result.outcome === 'nothing-to-publish' ? result.release : null
}

/** Secrets are asked for where they are set up: not in a CI job that only checks. */
function checkerOf(command: Command): TreeChecker {
  const folder = secretsFolder(placesOf(command).home)
  const secrets = new SecretStore({ folder })
  return existsSync(folder) ? new SecretChecker(treeChecker(), secrets) : treeChecker()
}

function tell(result: PublishResult, inForce: InForce | null): void {
  tellProblems(formatDiagnostics(result.diagnostics, result.diagnosticsLeftOut))
  for (const warning of result.warnings) tellWarning(warning)
  const { summary } = formatPublish(result)
  if (result.outcome === 'invalid') process.stderr.write(`${summary}\n`)
  else printSummary(summary.split('\n'))
  const isWorthTelling = result.outcome === 'published' || inForce?.state === 'refused'
  if (inForce !== null && isWorthTelling) tellInForce(inForce)
}

function wordsOf(step: PublishStep): string {
  switch (step.step) {
    case 'waiting':
      return waitingFor(step.holder)
    case 'reading':
      return `reading ${step.folder}`
    case 'repairing':
      return `formatting ${step.files} changed files`
    case 'checking':
      return `checking ${step.files} files`
    case 'probing':
      return `asking URLs: ${step.done} of ${step.total}`
    case 'writing':
      return `writing ${step.files} files`
  }
}

export function waitingFor(holder: Holder | null): string {
  return holder === null
    ? 'waiting for another publisher'
    : `waiting for ${holder.user} on ${holder.host} (process ${holder.pid})`
}
