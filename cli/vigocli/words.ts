import { paint } from '#cli/shell'
import { formatDuration } from '#node/kit'

type Style = Parameters<typeof paint>[0]

const STYLES: Readonly<Record<string, Style>> = {
  converged: 'green',
  settled: 'green',
  follows: 'green',
  succeeded: 'green',
  promoted: 'green',
  changed: 'yellow',
  degraded: 'yellow',
  stale: 'yellow',
  behind: 'yellow',
  'not-connected': 'yellow',
  diverged: 'yellow',
  corrected: 'yellow',
  stopped: 'red',
  failed: 'red',
  'failed-restart': 'red',
  blocked: 'red',
  aborted: 'red',
  'timed-out': 'red',
  refused: 'red',
  unreachable: 'red',
  'no-data': 'dim',
  'never-seen': 'dim',
  skipped: 'dim',
}

/** A word for a state in its colour. Last columns of tables only: colours have no width. */
export function stateWord(state: string): string {
  const style = STYLES[state]
  return style === undefined ? state : paint(style, state)
}

export function ago(time: number | null, now: number): string {
  return time === null ? 'never' : `${formatDuration(Math.max(0, now - time))} ago`
}

/** Digits of a hash that people read. */
export function short(hash: string | null): string {
  return hash === null || hash === '' ? '-' : hash.slice(0, 12)
}

/** `3 compliant, 1 corrected`, without what there is none of. */
export function countsWords(counts: Readonly<Record<string, number>>): string {
  const some = Object.entries(counts).filter(([, count]) => count > 0)
  return some.length === 0 ? 'nothing' : some.map(([state, count]) => `${count} ${state}`).join(', ')
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}
