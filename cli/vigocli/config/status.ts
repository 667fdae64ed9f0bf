import type { Command } from 'commander'
import { interruptSignal, paint, print, printFields, printJson } from '#cli/shell'
import { formatCounts, formatSeverities, publish, publishJson, treeChecker } from '#config/publish'
import { isUnchanged, type ReleaseStatus, shortHash } from '#config/store'
import { exitCodes } from '#node/api/errors'
import { examples } from '../examples-text.ts'
import { author, releasesOf } from './places.ts'
import { tellWarning } from './tell.ts'

export function addStatus(config: Command): void {
  config
    .command('status')
    .description('what is live, and whether the stacks are the same: exit code 0 if they are, 1 if not')
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      examples([['vigocli config status || echo "somebody did not publish"', 'in a job that watches']]),
    )
    .action(async (options: { json?: boolean }, command: Command) => {
      const releases = releasesOf(command)
      const status = await releases.status()
      const signal = interruptSignal()
      const dryRun = await publish({
        releases,
        checker: treeChecker(),
        author: author(),
        dryRun: true,
        skipUrlCheck: true,
        signal,
      })
      const isPublished = dryRun.outcome === 'nothing-to-publish' && dryRun.mended.length === 0
      if (!isPublished || status.warnings.length > 0) process.exitCode = exitCodes.failed
      if (options.json) return printJson({ published: isPublished, ...status, stacks: publishJson(dryRun) })
      printFields([...liveFields(status), ['stacks', describe(dryRun)]])
      for (const warning of new Set([...status.warnings, ...dryRun.warnings])) tellWarning(warning)
      if (!isPublished && dryRun.outcome !== 'invalid' && !isUnchanged(dryRun.changes)) {
        print('See what would change with: vigocli config diff')
      }
    })
}

function liveFields({ live, entry, freeze }: ReleaseStatus): (readonly [string, string])[] {
  if (live === null) return [['live', paint('yellow', 'nothing; publish the stacks with vigocli config publish')]]
  const what =
    entry === null
      ? shortHash(live)
      : `${paint('bold', `release ${entry.number}`)} (${shortHash(live)}), ${formatCounts(entry.counts)}`
  return [
    ['live', what],
    ...(entry === null
      ? []
      : [
          ['since', `${entry.time}, by ${entry.author} (${entry.kind})`] as const,
          ...(entry.reason === '' ? [] : [['reason', entry.reason] as const]),
        ]),
    [
      'frozen',
      freeze === null
        ? 'no'
        : `until ${freeze.until} by ${freeze.author}${freeze.reason === '' ? '' : `: ${freeze.reason}`}`,
    ],
  ]
}

function describe(dryRun: Awaited<ReturnType<typeof publish>>): string {
  if (dryRun.outcome === 'invalid')
    return `${paint('red', 'invalid')}: ${formatSeverities(dryRun.diagnostics)}; vigocli config validate tells them`
  if (dryRun.outcome === 'nothing-to-publish') return paint('green', 'published')
  const { added, changed, removed } = dryRun.changes
  return `${paint('yellow', 'not published')}: ${added.length} new, ${changed.length} changed, ${removed.length} gone`
}
