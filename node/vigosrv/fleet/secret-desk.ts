import type { AuditEvent } from '#node/audit'
import type { FromBolt, FromEnvoy } from '#node/checkin'
import { Deadline, type Logger, messageOf } from '#node/kit'
import type { CheckinDesk } from './checkin-desk.ts'
import type { Conversation } from './conversation.ts'
import type { Secrets } from './secrets.ts'

type SecretsWanted = Extract<FromEnvoy, { type: 'secrets' }>

const RESOLVE_WITHIN_MS = 10_000

export interface SecretDeskOptions {
  readonly desk: CheckinDesk
  readonly source: Secrets
  readonly audit: { append(event: AuditEvent): Promise<unknown> }
  readonly logger: Logger
}

interface Outcome {
  readonly values?: Readonly<Record<string, string>>
  readonly problem?: string
  readonly isDenied?: boolean
}

/** Gives an envoy the values that its own bundle of this moment refers to, and no others. */
export class SecretDesk {
  readonly #options: SecretDeskOptions

  constructor(options: SecretDeskOptions) {
    this.#options = options
  }

  /** True when the envoy asked for what its bundle does not have. @throws HostError */
  async answer(conversation: Conversation, { bundle, paths }: SecretsWanted): Promise<boolean> {
    const answer = await this.#options.desk.current(conversation)
    const { isDenied = false, ...outcome }: Outcome =
      answer === null || answer.hash !== bundle
        ? { problem: 'that is not the bundle that you should have; check in first' }
        : await this.#values(conversation, paths, new Set(answer.secrets))
    await conversation.session.send({ type: 'secrets', bundle, values: {}, ...outcome } satisfies FromBolt)
    return isDenied
  }

  async #values({ state }: Conversation, paths: readonly string[], allowed: ReadonlySet<string>): Promise<Outcome> {
    const denied = paths.filter(path => !allowed.has(path))
    const [first] = denied
    if (first !== undefined) {
      await this.#options.audit.append({
        actor: state.hostname,
        via: 'system',
        action: 'secret.denied',
        target: first,
        outcome: 'refused',
        details: { peer: state.peer, paths: denied.length },
      })
      return { isDenied: true, problem: `your bundle does not refer to ${denied.length} of these paths` }
    }
    using deadline = new Deadline(RESOLVE_WITHIN_MS, 'resolving secrets')
    try {
      return { values: await this.#options.source.resolve(paths, { signal: deadline.signal }) }
    } catch (error) {
      const problem = messageOf(error)
      this.#options.logger.warn('secrets-not-resolved', { host: state.hostname, paths: paths.length, reason: problem })
      return { problem }
    }
  }
}
