import { MAX_RESULTS, noCounts, type ResourceResult, type Run } from '#node/checkin'
import type { RunHeader } from './journal.ts'
import { isBad } from './pass.ts'

/** Of a report, so that it stays below what a message may have. */
const MAX_REPORT_BYTES = 3 * 1024 * 1024
/** From here on results go without diffs and outputs. */
const MAX_WITH_DETAILS_BYTES = 2 * 1024 * 1024

export const MAX_MESSAGE_UNITS = 2048
export const MAX_VALUE_UNITS = 512
export const MAX_TEXT_UNITS = 16_384
export const MAX_CHANGES = 64

export interface RunEnd {
  readonly durationMs: number
  readonly outcome: Run['outcome']
}

/** The run as it is reported: all counted, and in detail what is neither compliant nor skipped; what failed goes first when there is no room. */
export function runOf(header: RunHeader, results: readonly ResourceResult[], end: RunEnd): Run {
  const counts = noCounts()
  for (const { state } of results) counts[state]++
  const told = results.filter(({ state }) => state !== 'compliant' && state !== 'skipped')
  const chosen = chosenFrom(told)
  return { ...header, ...end, counts, results: chosen, resultsLeftOut: told.length - chosen.length }
}

function chosenFrom(told: readonly ResourceResult[]): ResourceResult[] {
  const room = { results: MAX_RESULTS, bytes: 0 }
  const chosen = new Map<ResourceResult, ResourceResult>()
  for (const isUrgent of [true, false]) {
    for (const result of told) {
      if (isBad(result.state) !== isUrgent || room.results === 0) continue
      const fitting = room.bytes > MAX_WITH_DETAILS_BYTES ? withoutDetails(result) : result
      const bytes = Buffer.byteLength(JSON.stringify(fitting))
      if (room.bytes + bytes > MAX_REPORT_BYTES) continue
      room.results--
      room.bytes += bytes
      chosen.set(result, fitting)
    }
  }
  return told.map(result => chosen.get(result)).filter(result => result !== undefined)
}

function withoutDetails({ diff: _diff, output: _output, ...rest }: ResourceResult): ResourceResult {
  return rest
}

/** Text of at most so many units: its start. */
export function startOf(text: string, units: number): string {
  return text.length <= units ? text : `${text.slice(0, units - 1).replace(LONE_HIGH, '')}…`
}

/** Text of at most so many units: its end. */
export function endOf(text: string, units: number): string {
  return text.length <= units ? text : `…${text.slice(1 - units).replace(LONE_LOW, '')}`
}

const LONE_HIGH = /[\ud800-\udbff]$/
const LONE_LOW = /^[\udc00-\udfff]/

/** Joins the two turns of a resource that was triggered after its first. */
export function mergedResult(first: ResourceResult, again: ResourceResult): ResourceResult {
  const durationMs = first.durationMs + again.durationMs
  const isIdle = again.state === 'compliant' || again.state === 'skipped'
  const isKept = isIdle && (again.state === 'skipped' || !isBad(first.state)) && first.state !== 'skipped'
  return { ...(isKept ? first : again), durationMs }
}
