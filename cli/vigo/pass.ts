import { paint, print } from '#cli/shell'
import type { PassReply } from '#node/api'
import { formatDuration } from '#node/kit'

type Run = NonNullable<PassReply['run']>
type Result = Run['results'][number]
type Style = Parameters<typeof paint>[0]

const STYLES: Readonly<Record<string, Style>> = {
  compliant: 'dim',
  skipped: 'dim',
  corrected: 'green',
  changed: 'green',
  'would-change': 'cyan',
  'unknown-in-check': 'cyan',
  blocked: 'yellow',
  failed: 'red',
  'failed-restart': 'red',
}

/** A run that was completed, and in which nothing failed or was blocked. */
export function isGood({ run }: PassReply): boolean {
  if (run === null || run.outcome !== 'completed') return false
  const { failed = 0, blocked = 0, 'failed-restart': failedRestart = 0 } = run.counts
  return failed + blocked + failedRestart === 0
}

/** Everything that is not compliant, with its reason and what was not as it should be, and the counts. */
export function printPass({ run, reason }: PassReply): void {
  if (run === null) {
    print(`Nothing was applied: ${reason}`)
    return
  }
  const told = run.results.filter(({ state }) => state !== 'compliant')
  const width = Math.max(0, ...told.map(({ state }) => state.length))
  for (const result of told) printResult(result, width)
  if (told.length > 0) print()
  print(headline(run))
  print(countsOf(run))
}

function printResult({ id, state, message, changes, output }: Result, width: number): void {
  print(`${paint(STYLES[state] ?? 'bold', state.padEnd(width))}  ${id}`)
  const indent = ' '.repeat(width + 2)
  const tell = (text: string): void => {
    for (const line of text.split('\n')) print(paint('dim', `${indent}${line}`))
  }
  if (message !== undefined) tell(message)
  for (const { attribute, from, to } of changes ?? []) tell(`${attribute}: ${shown(from)} -> ${shown(to)}`)
  if (output !== undefined && state.startsWith('failed')) tell(output.trimEnd())
}

function shown(value: string): string {
  return value === '' ? '(nothing)' : value.replaceAll('\n', '⏎').slice(0, 100)
}

function headline({ release, mode, outcome, offline, durationMs }: Run): string {
  const facts = [
    `release ${release === '' ? 'none' : release.slice(0, 12)}`,
    mode === 'dry-run' ? 'dry run: nothing was changed' : 'applied',
    ...(offline ? ['no server answered: the bundle that was kept'] : []),
    ...(outcome === 'interrupted' ? ['ended in the middle'] : []),
    formatDuration(durationMs),
  ]
  return paint('bold', facts.join(', '))
}

function countsOf({ counts }: Run): string {
  const told = Object.entries(counts).filter(([, count]) => count > 0)
  return told.length === 0 ? 'no resources' : told.map(([state, count]) => `${count} ${state}`).join(', ')
}
