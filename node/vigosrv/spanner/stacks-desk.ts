import type { RollbackResult, TreeChecker } from '#config/publish'
import {
  changesBetween,
  checkWords,
  entryBefore,
  findEntry,
  type HistoryEntry,
  ReleaseError,
  type Releases,
  releaseHash,
  shortHash,
  type TreeFile,
} from '#config/store'
import { type BareRepository, blobName } from '#gitback/repo'
import type { SnapshotFiles } from '#node/api'
import { KeyedMutex } from '#node/kit'
import type { Member } from '#node/member'
import { diagnosticRows } from '../rest/present.ts'
import { checkedFiles } from './check-files.ts'
import { SpannerError } from './errors.ts'
import { receivedFiles } from './received-files.ts'
import type { ReleaseNote } from './release-commit.ts'
import { headNamed, type StacksHeads } from './stacks-heads.ts'
import { MAIN } from './stacks-project.ts'
import { historyOf, listOf, noteOf, releaseOf, type StacksCommit, treeOf } from './stacks-repository.ts'
import { byPath, commitFiles, type NewRelease, type StacksWriter } from './stacks-writer.ts'
import type { Stackswatch } from './stackswatch.ts'
import type { PublishAnswer, Publishing, Sources, Words } from './types.ts'

export interface StacksDeskOptions {
  readonly member: Pick<Member, 'clock' | 'self'>
  readonly releases: Releases
  readonly heads: StacksHeads
  readonly writer: StacksWriter
  readonly watch: Pick<Stackswatch, 'follow' | 'followed' | 'problem'>
  readonly checker: TreeChecker
  /** Why others would not take what is signed here now; empty when they would. */
  readonly clockProblem: () => string
}

type Published = Extract<PublishAnswer, { outcome: 'published' }>

interface Head {
  readonly commit: string
  readonly note: ReleaseNote
}

/** What operators do to the configuration that servers share, one at a time on this server. */
export class StacksDesk {
  readonly #options: StacksDeskOptions
  readonly #mutex = new KeyedMutex()

  constructor(options: StacksDeskOptions) {
    this.#options = options
  }

  /** Work that nobody may publish beside. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    return await this.#mutex.run('write', work)
  }

  async publish(
    snapshot: SnapshotFiles,
    request: Words & { kind: 'publish' | 'promote'; base?: string | undefined },
    { signal }: { signal: AbortSignal },
  ): Promise<PublishAnswer> {
    checkWords(request)
    const files = receivedFiles(snapshot.live, 'release')
    const stacks = receivedFiles(snapshot.stacks, 'stacks')
    return await this.alone(async () => {
      const { repository, head } = await this.#settled(signal)
      await this.#assertNotFrozen()
      const release = releaseHash(files)
      if (head !== null && head.note.release === release) {
        return { outcome: 'nothing-to-publish', release, commit: head.commit }
      }
      await this.#assertBuiltOn(repository, head, stacks, request.base, signal)
      const { errors, counts } = await checkedFiles(this.#options.checker, files, signal)
      if (errors.length > 0) return { outcome: 'invalid', diagnostics: diagnosticRows(errors) }
      const before = head === null ? [] : await treeOf(repository.folder, head.commit, 'live', { signal })
      const { author, reason, kind } = request
      const note = this.#noteOf({ release, kind, author, reason, restores: null, counts }, head, before, files)
      return await this.#write({ note, files: commitFiles(byPath(files), byPath(stacks)) }, head, signal)
    })
  }

  async rollback(options: Parameters<Publishing['rollback']>[0]): Promise<RollbackResult> {
    checkWords(options)
    const { author, reason, to, evenIfFrozen = false, checker } = options
    const signal = options.signal ?? AbortSignal.timeout(600_000)
    return await this.alone(async () => {
      const { repository, head } = await this.#settled(signal)
      if (!evenIfFrozen) await this.#assertNotFrozen()
      const { folder } = repository
      const history = head === null ? [] : await historyOf(folder, head.commit, { signal })
      const { target, entry } = chosen(history, to)
      if (target.note.release === head?.note.release) {
        const name = shortHash(target.note.release)
        throw new ReleaseError('already-live', `release ${name} is live already; name another one`)
      }
      const { files } = await releaseOf(folder, target.commit, { signal })
      const sources = files.map(({ path, bytes }) => ({ path, text: Buffer.from(bytes).toString('utf8') }))
      const { diagnostics } = await checker.check(sources, {
        changed: new Set(sources.map(({ path }) => path)),
        signal,
      })
      if (diagnostics.some(({ severity }) => severity === 'error')) return { outcome: 'invalid', entry, diagnostics }
      const before = head === null ? [] : await treeOf(folder, head.commit, 'live', { signal })
      const { release, counts } = target.note
      const restores = target.note.restores ?? release
      const note = this.#noteOf({ release, kind: 'rollback', author, reason, restores, counts }, head, before, files)
      const live = await listOf(folder, target.commit, 'live', { signal })
      const stacks = head === null ? new Map<string, string>() : await listOf(folder, head.commit, 'stacks', { signal })
      const written = await this.#write({ note, files: commitFiles(live, stacks) }, head, signal)
      return { outcome: 'rolled-back', entry: written.entry, changes: changesBetween(before, files) }
    })
  }

  async resolve(request: Words & { take: string }, { signal }: { signal: AbortSignal }): Promise<Published> {
    checkWords(request)
    return await this.alone(async () => {
      const repository = await this.#options.heads.repository()
      const { folder } = repository
      const heads = await this.#options.heads.all({ signal })
      if (heads.length < 2)
        throw new SpannerError('not-diverged', 'the stacks have one head; there is nothing to resolve')
      const taken = headNamed(heads, request.take)
      const others = heads.filter(({ commit }) => commit !== taken.commit)
      const current = (await repository.ref(MAIN, { signal })) ?? taken.commit
      const before = await treeOf(folder, current, 'live', { signal })
      const { note: theirs, files } = await releaseOf(folder, taken.commit, { signal })
      const lost = others.map(({ author, bolt, release }) => `${shortHash(release ?? '')} by ${author} on ${bolt}`)
      const reason = request.reason || `takes ${shortHash(theirs.release)} of ${theirs.bolt}, not ${lost.join(', ')}`
      const { release, counts } = theirs
      const head = { commit: current, note: await noteOf(folder, current, { signal }) }
      const words = { release, kind: 'publish', author: request.author, reason, restores: null, counts } as const
      const note = this.#noteOf(words, head, before, files)
      const live = await listOf(folder, taken.commit, 'live', { signal })
      const stacks = await listOf(folder, taken.commit, 'stacks', { signal })
      const parents = [taken.commit, ...others.map(({ commit }) => commit)]
      return await this.#writeOn({ note, files: commitFiles(live, stacks) }, parents, signal)
    })
  }

  async sources(base: string | undefined, { signal }: { signal: AbortSignal }): Promise<Sources> {
    const { repository, head } = await this.#settled(signal)
    if (head === null) throw new SpannerError('unknown-head', 'nothing was published yet; there are no sources to pull')
    const { folder } = repository
    const files = await treeOf(folder, head.commit, 'stacks', { signal })
    const from = base === undefined ? null : await this.#inHistory(repository, head.commit, base, signal)
    const old = from === null ? null : await treeOf(folder, from, 'stacks', { signal })
    return {
      release: head.note.release,
      commit: head.commit,
      files,
      base: old === null ? null : new Map(old.map(({ path, sha256 }) => [path, sha256])),
    }
  }

  /** @throws SpannerError 'standalone', 'diverged' */
  async #settled(signal: AbortSignal): Promise<{
    readonly repository: BareRepository
    readonly head: Head | null
  }> {
    const repository = await this.#options.heads.repository()
    const heads = await this.#options.heads.all({ signal })
    if (heads.length > 1) {
      const names = heads.map(({ bolt, release }) => `${bolt} (${shortHash(release ?? '')})`).join(', ')
      throw new SpannerError(
        'diverged',
        `servers that did not see each other published both: ${names}; take one of them first: vigocli spanner resolve --take <server>`,
      )
    }
    const commit = await repository.ref(MAIN, { signal })
    const head = commit === null ? null : { commit, note: await noteOf(repository.folder, commit, { signal }) }
    return { repository, head }
  }

  async #assertNotFrozen(): Promise<void> {
    const freeze = await this.#options.releases.frozen()
    if (freeze === null) return
    const { until, author, reason } = freeze
    throw new ReleaseError(
      'frozen',
      `publishing is frozen until ${until} by ${author}${reason === '' ? '' : `: ${reason}`}`,
    )
  }

  /** That nothing is taken back which whoever publishes has never seen. */
  async #assertBuiltOn(
    repository: BareRepository,
    head: Head | null,
    stacks: readonly TreeFile[],
    base: string | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    if (head === null) return
    const { folder } = repository
    const newest = await listOf(folder, head.commit, 'stacks', { signal })
    if (newest.size === 0 || isSame(newest, new Map(stacks.map(({ path, bytes }) => [path, blobName(bytes)])))) return
    const from = base === undefined ? null : await this.#inHistory(repository, head.commit, base, signal)
    if (from !== null && isSame(newest, await listOf(folder, from, 'stacks', { signal }))) return
    const { author, bolt, reason, release } = head.note
    throw new SpannerError(
      'moved',
      `${author} published ${shortHash(release)} on ${bolt}${reason === '' ? '' : ` (${reason})`}, which these sources do not have; bring it in with vigocli config pull, then publish again`,
    )
  }

  /** The commit, if it is one that leads to `head`. */
  async #inHistory(
    repository: BareRepository,
    head: string,
    commit: string,
    signal: AbortSignal,
  ): Promise<string | null> {
    if (!(await repository.has(commit, { signal }))) return null
    return (await repository.isAncestor(commit, head, { signal })) ? commit : null
  }

  #noteOf(
    said: Pick<ReleaseNote, 'release' | 'kind' | 'author' | 'reason' | 'restores' | 'counts'>,
    head: { readonly note: ReleaseNote } | null,
    before: readonly TreeFile[],
    after: readonly TreeFile[],
  ): ReleaseNote {
    const { clock, self } = this.#options.member
    const { added, changed, removed } = changesBetween(before, after)
    return {
      ...said,
      time: new Date(clock.now()).toISOString(),
      basedOn: head?.note.release ?? null,
      files: after.length,
      changes: { added: added.length, changed: changed.length, removed: removed.length },
      bolt: self.hostname,
    }
  }

  async #write(release: NewRelease, head: { readonly commit: string } | null, signal: AbortSignal): Promise<Published> {
    return await this.#writeOn(release, head === null ? [] : [head.commit], signal)
  }

  /** Resolves when it is in force here. @throws SpannerError 'not-live' */
  async #writeOn(release: NewRelease, parents: readonly string[], signal: AbortSignal): Promise<Published> {
    const clock = this.#options.clockProblem()
    if (clock !== '') throw new SpannerError('clock-ahead', clock)
    const commit = await this.#options.writer.write([release], { parents, signal })
    await this.#options.watch.follow({ signal })
    if (this.#options.watch.followed !== commit) {
      const problem = this.#options.watch.problem || 'another one came in between'
      throw new SpannerError('not-live', `it is published, but not in force here: ${problem}`)
    }
    const entry = await this.#options.releases.find('live')
    return { outcome: 'published', commit, entry }
  }
}

function chosen(
  history: readonly StacksCommit[],
  to: string | undefined,
): { readonly target: StacksCommit; readonly entry: HistoryEntry } {
  const newestFirst = history.toReversed().map(({ entry }) => entry)
  const live = newestFirst[0]?.release ?? null
  const entry = to === undefined ? entryBefore(newestFirst, live) : findEntry(newestFirst, live, to)
  const target = history.find(commit => commit.entry.number === entry.number)
  if (target === undefined) throw new ReleaseError('no-release', `release ${entry.number} is not in the history`)
  return { target, entry }
}

function isSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([path, object]) => b.get(path) === object)
}
