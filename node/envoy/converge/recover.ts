import type { Run } from '#node/checkin'
import { cutShortResult } from './converge.ts'
import type { Journal } from './journal.ts'
import type { Memory } from './memory.ts'
import { runOf } from './report.ts'

/**
 * The run that an earlier process of this agent was ended in the middle of, or null; the memory knows afterwards what it did. To be
 * reported before the journal is cleared.
 */
export async function recoverRun(journal: Journal, memory: Memory): Promise<Run | null> {
  const interrupted = await journal.recover()
  if (interrupted === null) return null
  const { header, entries, begun } = interrupted
  for (const { result, fingerprint, trigger, triggers, isPaid } of entries) {
    if (isPaid) memory.paid(result.id)
    if (fingerprint !== undefined) memory.remember(result.id, fingerprint)
    if (trigger !== undefined) for (const id of triggers ?? []) memory.owe(id, trigger)
  }
  if (begun?.isPaid === true) memory.paid(begun.id)
  for (const id of begun?.triggers ?? []) memory.owe(id, 'changed')
  await memory.save()
  const results = new Map(entries.map(({ result }) => [result.id, result]))
  if (begun !== null) results.set(begun.id, cutShortResult(begun, 'the agent was ended'))
  const durationMs = entries.reduce((sum, { result }) => sum + result.durationMs, 0)
  return runOf(header, [...results.values()], { durationMs, outcome: 'interrupted' })
}
