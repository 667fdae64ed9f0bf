import type { Clock } from '#node/kit'
import type { Member } from '#node/member'
import { MAIN } from './stacks-project.ts'

/** After which a server that reaches no other one hands out what it has. */
const GRACE_MS = 30_000

export interface ReadinessOptions {
  readonly project: string
  readonly member: Pick<Member, 'roster' | 'projects' | 'replication' | 'fleetId'>
  /** Public key of this server. */
  readonly self: string
  readonly watch: { readonly followed: string | null; readonly problem: string }
  /** Whether any release is in force here. */
  readonly hasRelease: () => boolean
  readonly clock: Clock
}

/**
 * Whether a server that has just started knows what the others published meanwhile. Until then it hands out nothing: its own release may
 * be an old one, and to say that there is none would make envoys forget what they have.
 */
export class Readiness {
  readonly #options: ReadinessOptions
  readonly #startedAt: number
  #isReady = false

  constructor(options: ReadinessOptions) {
    this.#options = options
    this.#startedAt = options.clock.monotonicMs()
  }

  whyNot(): string | null {
    if (this.#isReady) return null
    const { hasRelease, self, member } = this.#options
    const isOver = this.#options.clock.monotonicMs() - this.#startedAt > GRACE_MS
    const mayStandAlone = hasRelease() || self === member.fleetId
    if (!this.#hasOthers || this.#isCaughtUp || (isOver && mayStandAlone)) {
      this.#isReady = true
      return null
    }
    if (member.projects.get(this.#options.project) === null) {
      return 'the servers of this fleet do not share their configuration yet: run vigocli spanner init on the one that founded it'
    }
    return 'this server has just started, and is asking the others what was published meanwhile'
  }

  get #hasOthers(): boolean {
    const { roster } = this.#options.member
    return roster.members().some(({ peer }) => peer !== this.#options.self && roster.isBolt(peer))
  }

  /** Somebody has told what they know, and what they know of is in force here, or cannot be. */
  get #isCaughtUp(): boolean {
    const { member, project, watch } = this.#options
    if (member.replication.status().lastSync === null) return false
    const heads = new Set(member.projects.heads(project, MAIN).map(update => update.new))
    if (heads.size === 0) return member.projects.get(project) !== null
    return heads.size > 1 || watch.problem !== '' || (watch.followed !== null && heads.has(watch.followed))
  }
}
