import { isUtf8 } from 'node:buffer'
import { mkdir } from 'node:fs/promises'
import type { Command } from 'commander'
import { interruptSignal, printJson } from '#cli/shell'
import { formatDiagnostics } from '#config/publish'
import { comparePaths, pathProblem, type ReleaseHash, readTree, type Tree, type TreeFile } from '#config/store'
import { type ApiClient, serverRoutes } from '#node/api'
import { exitCodes } from '#node/api/errors'
import { codeOf, sha256Hex } from '#node/kit'
import { examples } from '../../examples-text.ts'
import { withServer } from '../../server/connection.ts'
import { SharedConfigError } from '../bolts/errors.ts'
import { hasServer } from '../bolts/mode.ts'
import { readBase, unresolved, writeBase } from '../bolts/stacks-base.ts'
import { placesOf } from '../places.ts'
import { tellProblems } from '../tell.ts'
import { applyPull, type Failures } from './apply.ts'
import { type Hashes, planPull } from './plan.ts'
import { pulledJson, tellPulled } from './tell.ts'

interface PullFlags {
  dryRun?: boolean
  json?: boolean
}

interface Published {
  readonly release: ReleaseHash
  readonly commit: string
  readonly files: readonly TreeFile[]
  readonly base: Hashes | null
}

export function addPull(config: Command): void {
  config
    .command('pull')
    .description('bring the stacks to what was published last, where several servers share the configuration')
    .option('--dry-run', 'say what would happen and touch nothing')
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      `\nFile by file: what you did not change since you last published or pulled becomes what is published, and what only you changed stays. A file that was changed here and elsewhere stays as it is, with the published version beside it as <file>.published: make the file what it should be, remove the other, and publish.${examples(
        [
          ['vigocli config pull --dry-run', 'what would change'],
          ['vigocli config pull', 'before one works on the stacks'],
        ],
      )}\n\nExit codes: 0 everything that is published is here, 1 files were changed here and elsewhere, 4 the server stands alone.`,
    )
    .action(run)
}

async function run({ dryRun: isDryRun = false, json }: PullFlags, command: Command): Promise<void> {
  const signal = interruptSignal()
  const { stacks } = placesOf(command)
  const tree = await treeOf(stacks, signal)
  if (tree.problems.length > 0 || !tree.isWhole) {
    tellProblems(formatDiagnostics(tree.problems, tree.problemsLeftOut))
    throw new SharedConfigError('conflict', `${stacks} cannot be read as a whole; mend that, then pull again`)
  }
  if (!hasServer(command)) {
    throw new SharedConfigError('standalone', 'no server reads this folder; name one with --server')
  }
  const base = await readBase(stacks)
  const {
    release,
    commit,
    files,
    base: was,
  } = await withServer(command, client => publishedBy(client, base?.commit, signal))
  const here = new Map(tree.files.map(({ path, sha256 }) => [path, sha256]))
  const plan = planPull(here, files, was)
  const old = await unresolved(stacks, base)
  let failures: Failures = new Map()
  if (!isDryRun) {
    await mkdir(stacks, { recursive: true })
    failures = await applyPull(stacks, plan, here, { signal })
    const conflicts = [...new Set([...old, ...plan.conflicts.map(({ path }) => path)])].toSorted(comparePaths)
    // Otherwise the next pull would take what failed for something that was changed here.
    if (failures.size === 0) await writeBase(stacks, { commit, conflicts })
  }
  if (plan.conflicts.length + failures.size + old.length > 0) process.exitCode = exitCodes.failed
  const pulled = { release, plan, here, failures, old, isDryRun }
  if (json) printJson(pulledJson(pulled))
  else tellPulled(stacks, pulled)
}

/** A machine that only just became a bolt has no sources yet. */
async function treeOf(stacks: string, signal: AbortSignal): Promise<Tree> {
  try {
    return await readTree(stacks, { signal })
  } catch (error) {
    if (codeOf(error) !== 'no-folder') throw error
    return { files: [], problems: [], problemsLeftOut: 0, isWhole: true, entries: 0, leftovers: [] }
  }
}

/** @throws SharedConfigError 'standalone'; whatever the server answers */
async function publishedBy(client: ApiClient, base: ReleaseHash | undefined, signal: AbortSignal): Promise<Published> {
  const { mode, server } = await client.call(serverRoutes.spannerStatus, {}, { signal })
  if (mode === 'standalone') {
    throw new SharedConfigError(
      'standalone',
      `${server} shares its configuration with nobody: what is live there was published from a folder, and that is where its sources are`,
    )
  }
  const answer = await client.call(serverRoutes.spannerSources, base === undefined ? {} : { base }, { signal })
  return {
    release: answer.release,
    commit: answer.commit,
    files: answer.files.map(({ path, base64 }) => sourceOf(path, Buffer.from(base64, 'base64'))),
    base: answer.base === null ? null : new Map(answer.base.map(({ path, sha256 }) => [path, sha256])),
  }
}

/** What comes from elsewhere is written into this folder: no other name and no other content than publish would read. */
function sourceOf(path: string, bytes: Buffer): TreeFile {
  const problem = pathProblem(path) ?? (isUtf8(bytes) && !bytes.includes(0) ? undefined : 'is not text')
  if (problem === undefined) return { path, bytes, sha256: sha256Hex(bytes) }
  throw new SharedConfigError('refused', `the server answered with a file that is no source: '${path}' ${problem}`)
}
