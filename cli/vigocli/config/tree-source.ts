import type { Command } from 'commander'
import { Option } from 'commander'
import type { SourceFile } from '#config/lang'
import { formatDiagnostics, formatSeverities } from '#config/publish'
import {
  type ConfigStore,
  loadConfig,
  loadFolder,
  ReleaseError,
  type Releases,
  readTree,
  shortHash,
} from '#config/store'
import { VigoError } from '#node/kit'
import { type PlaceOptions, releasesOf } from './places.ts'
import { sourceOf } from './source-file.ts'
import { tellProblems } from './tell.ts'

/** A tree with errors explains nothing. */
export class InvalidConfigError extends VigoError<'invalid-config'> {}

export const fromOption = (): Option =>
  new Option('--from <tree>', "'stacks', 'live', or a release (default: live; stacks with --stacks)")

export interface LoadedTree {
  readonly store: ConfigStore
  /** For people: `release 12 (a1b2c3d4e5f6)`. */
  readonly title: string
}

/** @throws ReleaseError, InvalidConfigError */
export async function loadTree(command: Command, from: string | undefined, signal: AbortSignal): Promise<LoadedTree> {
  const tree = await readTreeOf(command, from ?? defaultTree(command), signal)
  const errors = tree.store.diagnostics.filter(({ severity }) => severity === 'error')
  if (errors.length === 0) return tree
  tellProblems(formatDiagnostics(errors))
  throw new InvalidConfigError(
    'invalid-config',
    `${tree.title} has ${formatSeverities(errors)}, so that nothing can be said about any host; mend it first`,
    { context: { errors: errors.length } },
  )
}

function defaultTree(command: Command): string {
  return command.optsWithGlobals<PlaceOptions>().stacks === undefined ? 'live' : 'stacks'
}

async function readTreeOf(command: Command, name: string, signal: AbortSignal): Promise<LoadedTree> {
  const releases = releasesOf(command)
  const { stacks } = releases.places
  if (name === 'stacks') return { store: await loadFolder(stacks, { signal }), title: stacks }
  const live = await releases.live()
  if (name === 'live' && live === null) {
    throw new ReleaseError(
      'no-release',
      `nothing is live in ${releases.places.home} yet; publish the stacks, or look at them with --from stacks`,
    )
  }
  const hash = name === 'live' && live !== null ? live : (await releases.find(name)).release
  const { files } = await releases.tree(hash, { signal })
  const written = await sourcesOf(releases, hash, signal)
  const sources = files.map(file => written.get(file.path) ?? sourceOf(file))
  return { store: loadConfig(sources, { release: hash }), title: `release ${shortHash(hash)}` }
}

/** Files of the stacks that are still what the release was made of: their places are those that the author knows, comments included. */
async function sourcesOf(releases: Releases, hash: string, signal: AbortSignal): Promise<Map<string, SourceFile>> {
  const index = await releases.sources(hash)
  if (index.size === 0) return new Map()
  try {
    const { files } = await readTree(releases.places.stacks, { signal })
    return new Map(
      files.filter(({ path, sha256 }) => index.get(path) === sha256).map(file => [file.path, sourceOf(file)]),
    )
  } catch (error) {
    if (error instanceof ReleaseError) return new Map()
    throw error
  }
}
