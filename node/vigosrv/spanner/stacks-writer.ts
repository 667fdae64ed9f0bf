import { type HistoryEntry, type ReleaseHash, type Releases, readTree, releaseHash, type TreeFile } from '#config/store'
import { readRefUpdate } from '#gitback/project'
import { type BareRepository, composeCommits, type NewCommit } from '#gitback/repo'
import { codeOf } from '#node/kit'
import type { Member } from '#node/member'
import { type Signer, signRecord } from '#swarm/record'
import { messageOfRelease, type ReleaseNote } from './release-commit.ts'
import { MAIN } from './stacks-project.ts'

/** A release as it goes into the stacks: files by their path in the commit, as bytes or as git's names. */
export interface NewRelease {
  readonly note: ReleaseNote
  readonly files: ReadonlyMap<string, Uint8Array | string>
}

export interface StacksWriterOptions {
  readonly project: string
  readonly member: Pick<Member, 'replicator' | 'projects' | 'clock' | 'fleetId' | 'self'>
  readonly signer: Signer
}

/** Commits releases to the stacks and moves their branch, signed by this bolt. */
export class StacksWriter {
  readonly #options: StacksWriterOptions

  constructor(options: StacksWriterOptions) {
    this.#options = options
  }

  /**
   * Commits the releases, one after the other, on top of `parents`; resolves when the branch is there, durably, and others are told.
   *
   * @throws ReplicaError 'diverged', 'refused'; RepoError 'disk-full'; ProjectError 'not-a-member'
   */
  async write(
    releases: AsyncIterable<NewRelease> | Iterable<NewRelease>,
    { parents, signal }: { parents: readonly string[]; signal: AbortSignal },
  ): Promise<string> {
    const { project, member, signer } = this.#options
    const { replicator, fleetId } = member
    const repository = await replicator.repository(project)
    await using composed = await composeCommits(repository, { parents, commits: this.#commits(releases), signal })
    const { tip } = composed
    await replicator.receive(project, [tip], composed.pack(), { signal })
    const key = Buffer.from(signer.publicKey).toString('hex')
    const body = await replicator.draft(project, { ref: MAIN, to: tip, signer: key }, { signal })
    const record = await signRecord('ref-update', body, fleetId, signer)
    await replicator.submit(readRefUpdate(record), record, { signal })
    return tip
  }

  async *#commits(releases: AsyncIterable<NewRelease> | Iterable<NewRelease>): AsyncGenerator<NewCommit> {
    const { hostname } = this.#options.member.self
    const now = this.#options.member.clock.now()
    for await (const { note, files } of releases) {
      yield {
        author: { name: note.author, email: `${note.author.replaceAll(/[^A-Za-z0-9._-]/g, '-')}@${note.bolt}` },
        committer: { name: hostname, email: `vigosrv@${hostname}` },
        authoredAt: Date.parse(note.time),
        committedAt: now,
        message: messageOfRelease(note),
        files,
      }
    }
  }
}

/** Files of a commit. */
export function commitFiles(
  live: ReadonlyMap<string, Uint8Array | string>,
  stacks: ReadonlyMap<string, Uint8Array | string>,
): Map<string, Uint8Array | string> {
  const files = new Map<string, Uint8Array | string>()
  for (const [path, content] of live) files.set(`live/${path}`, content)
  for (const [path, content] of stacks) files.set(`stacks/${path}`, content)
  return files
}

export function byPath(files: readonly Pick<TreeFile, 'path' | 'bytes'>[]): Map<string, Uint8Array> {
  return new Map(files.map(({ path, bytes }) => [path, bytes]))
}

/**
 * What a server that stood alone has published, the oldest first. Releases whose files are not kept any more have those of the one before: their
 * place in the history is what is left of them. The newest has the operators' sources as far as they are what it was made of.
 */
export async function* standaloneHistory(
  releases: Releases,
  { bolt, signal }: { bolt: string; signal: AbortSignal },
): AsyncGenerator<NewRelease> {
  const { entries } = await releases.history()
  const live = await releases.live()
  const numbers = new Map<number, ReleaseHash>(entries.map(({ number, release }) => [number, release]))
  let files: readonly TreeFile[] = []
  let sources: ReadonlyMap<string, Uint8Array> = new Map()
  for (const entry of entries.toReversed()) {
    files = (await keptFiles(releases, entry, signal)) ?? files
    if (entry.release === live) sources = await sourcesOf(releases, entry.release, files, signal)
    const { number: _number, restores, ...rest } = entry
    const note = { ...rest, restores: restores === null ? null : (numbers.get(restores) ?? null), bolt }
    yield { note, files: commitFiles(byPath(files), sources) }
  }
}

async function keptFiles(
  releases: Releases,
  { release }: HistoryEntry,
  signal: AbortSignal,
): Promise<readonly TreeFile[] | null> {
  try {
    const { files } = await releases.tree(release, { signal })
    return releaseHash(files) === release ? files : null
  } catch (error) {
    if (codeOf(error) === 'no-release') return null
    throw error
  }
}

async function sourcesOf(
  releases: Releases,
  release: ReleaseHash,
  live: readonly TreeFile[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const index = await releases.sources(release)
  const present = await readTree(releases.places.stacks, { signal }).then(
    ({ files }) => new Map(files.map(file => [file.path, file])),
    (error: unknown) => {
      if (codeOf(error) === 'no-folder') return new Map<string, TreeFile>()
      throw error
    },
  )
  const released = new Map(live.map(file => [file.path, file]))
  const sources = new Map<string, Uint8Array>()
  for (const path of new Set([...index.keys(), ...released.keys()])) {
    const source = present.get(path)
    const bytes = source !== undefined && source.sha256 === index.get(path) ? source.bytes : released.get(path)?.bytes
    if (bytes !== undefined) sources.set(path, bytes)
  }
  return sources
}

/** Whether the branch of a project is anywhere. */
export async function headOf(repository: BareRepository, options: { signal: AbortSignal }): Promise<string | null> {
  return await repository.ref(MAIN, options)
}
