import type { SignedRecord } from '#swarm/record'
import type { RecordTable } from './record-table.ts'

export const topics = ['roster', 'names', 'catalog', 'moderation', 'refs', 'routes'] as const
export type Topic = (typeof topics)[number]

/** - `new`: changed what this machine holds, so it is worth forwarding
 *  - `known`: held already
 *  - `outdated`: superseded by what is held, and not taken
 *  - `held`: cannot be judged yet (from the future, or its issuer is unknown); kept aside or asked for again later */
export type Outcome = 'new' | 'known' | 'outdated' | 'held'

/**
 * One kind of shared knowledge, replicated on every member: a join-semilattice of signed records. Offering the same records
 * in any order, any number of times, on any machine, ends in the same rows.
 */
export interface RecordSet {
  readonly topic: Topic
  readonly table: RecordTable
  /**
   * Verifies a record completely (schema, signer's right, signature, age) and merges it. Durable when it resolves with
   * `sync`; otherwise after a crash of the machine (not of the process) it may have to be replicated again.
   * @throws RecordError when no honest member would have sent it
   */
  offer(record: SignedRecord, options?: { sync?: boolean }): Promise<Outcome>
}
