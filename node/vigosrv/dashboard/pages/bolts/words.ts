import type { BoltRow, StacksHead } from '#node/api'
import type { Word } from '../../widgets/words.ts'

const FOLLOWS: Word = { tone: 'good', icon: 'check', text: 'Follows', meaning: 'it has in force what this server has' }
const GONE: Word = { tone: 'warn', icon: 'waiting', text: 'Not connected', meaning: 'this server does not reach it' }
const BEHIND: Word = { tone: 'notice', icon: 'running', text: 'Behind', meaning: 'it has another release in force' }
const REFUSES: Word = { tone: 'bad', icon: 'cross', text: 'Refuses', meaning: 'the release is not valid there' }

export function boltWord({ follows, isConnected, report }: BoltRow): Word {
  if (follows) return FOLLOWS
  if (!isConnected) return GONE
  return (report?.problem ?? '') === '' ? BEHIND : REFUSES
}

export const DRAINING: Word = {
  tone: 'notice',
  icon: 'back',
  text: 'Draining',
  meaning: 'its envoys go to other bolts',
}

/** The command that takes this head: by its bolt, or by its commit where a bolt has several. */
export function takeCommand({ bolt, commit }: StacksHead, heads: readonly StacksHead[]): string {
  const isOnly = heads.filter(head => head.bolt === bolt).length === 1
  return `vigocli spanner resolve --take ${isOnly && /^[A-Za-z0-9._-]{1,253}$/.test(bolt) ? bolt : commit.slice(0, 12)}`
}
