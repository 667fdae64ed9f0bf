import type { BareRepository } from '#gitback/repo'
import type { StacksHead } from '#node/api'
import { type Logger, messageOf } from '#node/kit'
import type { Member } from '#node/member'
import { SpannerError } from './errors.ts'
import { MAIN } from './stacks-project.ts'
import { noteOf } from './stacks-repository.ts'

export interface StacksHeadsOptions {
  readonly project: string
  readonly member: Pick<Member, 'projects' | 'replicator'>
  readonly isShared: () => boolean
  readonly logger: Logger
}

/** Where the branch of the stacks is here, and where others say that it is. */
export class StacksHeads {
  readonly #options: StacksHeadsOptions

  constructor(options: StacksHeadsOptions) {
    this.#options = options
  }

  /** @throws SpannerError 'standalone', ReplicaError 'not-held' */
  async repository(): Promise<BareRepository> {
    if (!this.#options.isShared()) {
      throw new SpannerError('standalone', 'this server shares its configuration with nobody; see vigocli spanner init')
    }
    return await this.#options.member.replicator.repository(this.#options.project)
  }

  /** Ends of the history that are known here; those whose objects are on their way are left out. */
  async all({ signal }: { signal: AbortSignal }): Promise<readonly StacksHead[]> {
    const { member, project } = this.#options
    const repository = await this.repository()
    const { folder } = repository
    const current = await repository.ref(MAIN, { signal })
    const heads: StacksHead[] = []
    const commits = new Set(member.projects.heads(project, MAIN).map(update => update.new))
    for (const commit of commits) {
      if (!(await repository.has(commit, { signal }))) continue
      if (await isBelowAnother(repository, commit, commits, signal)) continue
      try {
        const { release, bolt, author, reason, time } = await noteOf(folder, commit, { signal })
        heads.push({ commit, release, bolt, author, reason, time, isHere: commit === current })
      } catch (error) {
        signal.throwIfAborted()
        this.#options.logger.debug('head-unreadable', { commit, reason: messageOf(error) })
      }
    }
    return heads
  }
}

async function isBelowAnother(
  repository: BareRepository,
  commit: string,
  commits: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<boolean> {
  for (const other of commits) {
    if (other === commit || !(await repository.has(other, { signal }))) continue
    if (await repository.isAncestor(commit, other, { signal })) return true
  }
  return false
}

/** By commit or release, six digits or more, or the server where it was published. @throws SpannerError 'unknown-head' */
export function headNamed(heads: readonly StacksHead[], name: string): StacksHead {
  const found = heads.filter(
    ({ commit, release, bolt }) =>
      bolt === name || (name.length >= 6 && (commit.startsWith(name) || release?.startsWith(name) === true)),
  )
  const [only, ...others] = found
  if (only !== undefined && others.length === 0) return only
  const list = heads.map(({ commit, bolt, author }) => `${commit.slice(0, 12)} (${bolt}, by ${author})`).join(', ')
  throw new SpannerError(
    'unknown-head',
    `'${name}' names ${only === undefined ? 'none' : 'several'} of the heads; there are ${list}`,
  )
}
