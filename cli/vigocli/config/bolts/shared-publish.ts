import type { Command } from 'commander'
import { print } from '#cli/shell'
import type { ReleaseHash } from '#config/store'
import type { SpannerStatus } from '#node/api'
import { exitCodes } from '#node/api/errors'
import { messageOf } from '#node/kit'
import { withServer } from '../../server/connection.ts'
import type { InForce, WaitOptions } from '../in-force.ts'
import { placesOf } from '../places.ts'
import { tellWarning } from '../tell.ts'
import { SharedConfigError } from './errors.ts'
import { type Followed, followBolts, tellBolt } from './follow.ts'
import { HandOver } from './hand-over.ts'
import { besidesOf, readBase, unresolved, writeBase } from './stacks-base.ts'

/** How long bolts may take until they follow. */
export const FOLLOW_MS = 30_000

export interface SharedFlags {
  /** False: not for any other bolt. */
  readonly wait: 'all' | 'one' | boolean
  readonly overwrite?: boolean
  readonly json?: boolean
}

/** Where a release goes when servers share the configuration. @throws SharedConfigError 'conflict' */
export async function sharedTarget(
  command: Command,
  { heads }: SpannerStatus,
  { overwrite = false }: SharedFlags,
  sight: WaitOptions,
): Promise<HandOver> {
  const { stacks } = placesOf(command)
  const base = await readBase(stacks)
  const left = await unresolved(stacks, base)
  if (left.length > 0) throw conflicts(left)
  const builtOn = overwrite ? heads[0]?.commit : base?.commit
  return new HandOver({ command, base: builtOn, ...sight })
}

function conflicts(paths: readonly string[]): SharedConfigError {
  const [first = ''] = paths
  const more = paths.length === 1 ? '' : ` and ${paths.length - 1} more`
  return new SharedConfigError(
    'conflict',
    `'${first}'${more} was changed here and elsewhere: make it what it should be, then remove ${besidesOf(first)} (empty when others removed the file), and publish again`,
    { context: { conflicts: paths } },
  )
}

/** After the server made it live: the sources are what is published now. A tree that cannot be written is no reason to fail. */
export async function noteBase(command: Command, commit: string): Promise<void> {
  try {
    await writeBase(placesOf(command).stacks, { commit, conflicts: [] })
  } catch (error) {
    tellWarning(
      `it is published, but that could not be noted beside the sources (${messageOf(error)}); the next publish asks for a vigocli config pull`,
    )
  }
}

/** Shows each bolt as it follows. The server that was asked has the release already. */
export async function everywhere(
  command: Command,
  release: ReleaseHash,
  { wait, json = false }: SharedFlags,
  { line, signal }: WaitOptions,
): Promise<{ server: InForce; bolts: Followed }> {
  return await withServer(command, async client => {
    const { serverRoutes } = await import('#node/api')
    const { version } = await client.call(serverRoutes.configVersion, {}, { signal })
    const which = wait === false ? 'none' : wait === true ? 'all' : wait
    const onBolt = json ? () => undefined : tellBolt
    const bolts = await followBolts(client, release, { wait: which, waitMs: FOLLOW_MS, line, signal, onBolt })
    return { server: { state: 'in-force', version }, bolts }
  })
}

/** What a person must know of it. The exit code says whether what was waited for came. */
export function tellFollowed({ end, bolts }: Followed, { wait, json = false }: SharedFlags): void {
  if (end === 'diverged' || (end === 'late' && wait === 'all')) process.exitCode = exitCodes.failed
  if (json || end === 'all') return
  if (end === 'superseded') print('Meanwhile somebody published again; see vigocli config history.')
  if (end === 'diverged') {
    tellWarning('somebody published at the same time; see vigocli spanner status, which says how to end it')
  }
  if (end !== 'late') return
  for (const { bolt, state, problem } of bolts) {
    if (state === 'follows') continue
    if (wait === 'all') tellWarning(`${bolt} does not have it: ${problem}`)
    else print(`${bolt} does not have it yet; see vigocli spanner status.`)
  }
}

export function noCanaries(): SharedConfigError {
  return new SharedConfigError(
    'refused',
    'canaries are judged by one server, and this configuration is shared by several, each with envoys of its own; publish without --canary (a release that does harm is rolled back all the same)',
  )
}
