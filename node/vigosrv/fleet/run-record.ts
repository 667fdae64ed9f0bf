import type { ResourceResult, Run } from '#node/checkin'
import { outcomeOf } from '#node/checkin'
import type { RunSummary, StoredRun } from './types.ts'

export function summaryOf(run: Run, receivedAt: number): RunSummary {
  const { id, release, mode, offline, startedAt, durationMs, counts } = run
  return { id, release, mode, outcome: outcomeOf(run), offline, receivedAt, startedAt, durationMs, counts }
}

export function encodeRun(run: Run, receivedAt: number): string {
  return JSON.stringify({ receivedAt, run })
}

export function decodeRun(text: string): StoredRun {
  const { receivedAt, run } = JSON.parse(text) as { receivedAt: number; run: Run }
  return { ...summaryOf(run, receivedAt), run }
}

/** All that a run has beside its results. */
const FRAME_BYTES = 2048

/**
 * The run in no more bytes than that: results that no longer fit lose what they printed and their differences first, then they are left
 * out and counted.
 */
export function fitRun(run: Run, maxBytes: number): Run {
  let left = maxBytes - FRAME_BYTES
  const results: ResourceResult[] = []
  for (const result of run.results) {
    const fitting = [result, withoutDetails(result)].find(each => sizeOf(each) <= left)
    if (fitting === undefined) break
    left -= sizeOf(fitting)
    results.push(fitting)
  }
  return { ...run, results, resultsLeftOut: run.resultsLeftOut + run.results.length - results.length }
}

function withoutDetails({
  diff: _diff,
  output: _output,
  changes: _changes,
  ...result
}: ResourceResult): ResourceResult {
  return result
}

function sizeOf(result: ResourceResult): number {
  return Buffer.byteLength(JSON.stringify(result)) + 1
}
