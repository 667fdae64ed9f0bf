import type { RefRow } from '#node/api'
import type { Word } from '../../widgets/words.ts'

const WORDS: Readonly<Record<string, Word>> = {
  settled: { tone: 'good', icon: 'check', text: 'Settled', meaning: 'here is what was pushed last' },
  behind: { tone: 'notice', icon: 'running', text: 'Behind', meaning: 'something newer is on its way here' },
  diverged: { tone: 'warn', icon: 'warning', text: 'Diverged', meaning: 'several heads that nobody joined' },
  refused: { tone: 'bad', icon: 'cross', text: 'Refused', meaning: 'what was pushed last is not taken here' },
}

export function refWord(state: string): Word {
  return WORDS[state] ?? { tone: 'quiet', icon: 'dash', text: state, meaning: state }
}

/** When what is not here yet was pushed; null when everything is here. */
export function waitingSince({ state, heads }: RefRow): number | null {
  if (state === 'settled' || heads.length === 0) return null
  return Math.max(...heads.map(({ issuedAt }) => issuedAt))
}
