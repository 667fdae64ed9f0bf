import { MAX_AHEAD_MS } from '#gitback/project'
import { formatDuration } from '#node/kit'

/** How far the clock of another server is ahead of that of the server that looks. */
export interface ClockSeen {
  readonly hostname: string
  readonly aheadMs: number
}

/** What is wrong with the clock of another server, seen from `self`; empty when they agree well enough. */
export function clockProblem({ hostname, aheadMs }: ClockSeen, self: string): string {
  if (Math.abs(aheadMs) <= MAX_AHEAD_MS) return ''
  const by = formatDuration(Math.abs(aheadMs))
  return aheadMs > 0
    ? `its clock is ${by} ahead of ${self}'s, which takes nothing that ${hostname} publishes; set the clock that is wrong`
    : `its clock is ${by} behind ${self}'s, and it takes nothing that ${self} publishes; set the clock that is wrong`
}

/** Why most of the other servers that answered would not take what this one publishes now; empty when they would. */
export function ownClockProblem(others: readonly ClockSeen[]): string {
  const behind = others.filter(({ aheadMs }) => aheadMs < -MAX_AHEAD_MS)
  const [first] = behind
  if (first === undefined || behind.length * 2 <= others.length) return ''
  const by = formatDuration(-first.aheadMs)
  const whose = behind.map(({ hostname }) => `${hostname}'s`).join(' and ')
  return `the clock of this server is ${by} ahead of ${whose}, and nothing that is published here is taken there; set the clock that is wrong, then publish again`
}
