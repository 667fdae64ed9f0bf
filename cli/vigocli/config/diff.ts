import type { Command } from 'commander'
import { collect, interruptSignal, print, printJson } from '#cli/shell'
import {
  candidateTree,
  diagnosticJson,
  formatDiagnostics,
  formatSeverities,
  treeChecker,
  unifiedDiff,
} from '#config/publish'
import {
  type Changes,
  type ConfigStore,
  changesBetween,
  diffEntries,
  diffReleases,
  isUnchanged,
  loadConfig,
  type ReleaseDiff,
  ReleaseError,
  renderReleaseDiff,
  shortHash,
  type TreeFile,
} from '#config/store'
import { examples } from '../examples-text.ts'
import { releasesOf } from './places.ts'
import { sourceOf } from './source-file.ts'
import { printDiff, printReport, tellProblems } from './tell.ts'
import { InvalidConfigError } from './tree-source.ts'

interface DiffFlags {
  compiled?: boolean
  host: string[]
  json?: boolean
}

interface Side {
  readonly title: string
  readonly files: readonly TreeFile[]
}

export function addDiff(config: Command): void {
  config
    .command('diff [from] [to]')
    .description(
      "differences of files, or with --compiled of what hosts do, between two of 'live', 'stacks' and releases",
    )
    .option('--compiled', 'what would change on hosts, grouped by identical change')
    .option('--host <name>', 'with --compiled: this host (repeatable; default: one of each entry)', collect, [])
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      examples([
        ['vigocli config diff', 'from what is live to the stacks'],
        ['vigocli config diff --compiled', 'what a publish would change on hosts'],
        ['vigocli config diff 12', 'from release 12 to the stacks'],
        ['vigocli config diff 12 live --compiled', 'from release 12 to what is live'],
      ]) +
        '\n\nThe stacks are compared as they would be published: formatted, without the comments of configcrates and without what nothing refers to.',
    )
    .action(async (from: string | undefined, to: string | undefined, options: DiffFlags, command: Command) => {
      const signal = interruptSignal()
      const before = await sideOf(command, from ?? 'live', signal)
      const after = await sideOf(command, to ?? 'stacks', signal)
      const changes = changesBetween(before.files, after.files)
      const compiled = options.compiled ? compiledDiff(before, after, options.host) : undefined
      if (options.json) return printJson(jsonOf(before, after, changes, compiled))
      if (compiled !== undefined) printReport(renderReleaseDiff(compiled))
      else if (isUnchanged(changes)) print(`${before.title} and ${after.title} have the same files.`)
      else for (const text of fileDiffs(before, after, changes)) printDiff(text)
    })
}

/** Nothing live is an empty tree: everything is new. */
async function sideOf(command: Command, name: string, signal: AbortSignal): Promise<Side> {
  const releases = releasesOf(command)
  const { stacks } = releases.places
  if (name === 'stacks') {
    return { title: 'the stacks', files: await candidateTree(stacks, { checker: treeChecker(), signal }) }
  }
  const live = await releases.live()
  if (name === 'live' && live === null) return { title: 'nothing live', files: [] }
  const release = name === 'live' && live !== null ? live : (await releases.find(name)).release
  const { files, problems } = await releases.tree(release, { signal })
  if (problems.length === 0) return { title: `release ${shortHash(release)}`, files }
  throw new ReleaseError('damaged', `release ${shortHash(release)} is not what was published: ${problems[0]?.message}`)
}

function compiledDiff(before: Side, after: Side, hosts: readonly string[]): ReleaseDiff {
  const [old, now] = [storeOf(before), storeOf(after)]
  return hosts.length === 0
    ? diffEntries(old, now)
    : diffReleases(
        old,
        now,
        hosts.map(host => ({ host })),
      )
}

function storeOf({ title, files }: Side): ConfigStore {
  const store = loadConfig(files.map(sourceOf))
  if (!store.hasErrors) return store
  const errors = store.diagnostics.filter(({ severity }) => severity === 'error')
  tellProblems(formatDiagnostics(errors))
  throw new InvalidConfigError(
    'invalid-config',
    `${title} cannot be compiled: ${formatSeverities(errors)}; 'vigocli config validate' shows them in your files`,
  )
}

function fileDiffs(before: Side, after: Side, { added, changed, removed }: Changes): string[] {
  const texts = (side: Side): Map<string, string> => new Map(side.files.map(file => [file.path, sourceOf(file).text]))
  const [old, now] = [texts(before), texts(after)]
  return [...added, ...changed, ...removed]
    .toSorted()
    .map(path => unifiedDiff(path, old.get(path) ?? '', now.get(path) ?? ''))
}

function jsonOf(before: Side, after: Side, changes: Changes, compiled: ReleaseDiff | undefined): object {
  return {
    from: before.title,
    to: after.title,
    files: changes,
    ...(compiled === undefined
      ? {}
      : {
          compiled: {
            ...compiled,
            failed: compiled.failed.map(each => ({ ...each, diagnostics: each.diagnostics.map(diagnosticJson) })),
          },
        }),
  }
}
