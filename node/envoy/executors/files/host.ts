import { isIPv6 } from 'node:net'
import { ExecutorError } from '../errors.ts'
import type { ExecutorOf } from '../executor.ts'
import { editing } from './editing.ts'
import { bare, endedLike, linesOf, requireOneLine, textOf } from './lines.ts'

export const hostExecutor: ExecutorOf<'host'> = editing('host', {
  path: () => '/etc/hosts',
  creates: () => true,
  removes: ({ state }) => state === 'absent',
  edit: (text, { state, hostname, ip, aliases, comment }) => {
    const before = linesOf(text)
    const entries = before.lines.map(entryOf)
    if (state === 'absent')
      return textOf(
        before.lines.filter((_, at) => entries[at]?.names[0] !== hostname),
        before,
      )
    if (ip === undefined) throw new ExecutorError('failed', "host needs 'ip'")
    const isRival = (entry: HostEntry | null): entry is HostEntry => entry !== null && isIPv6(entry.ip) === isIPv6(ip)
    const at = entries.findIndex(entry => isRival(entry) && entry.names[0] === hostname)
    const present = entries[at] ?? null
    const wanted: HostEntry = {
      ip,
      names: [hostname, ...(aliases ?? present?.names.slice(1) ?? []).filter(name => name !== hostname)],
      comment: (comment ?? present?.comment ?? '').trim(),
    }
    requireEntry(wanted)
    const lines = before.lines.flatMap((line, index) => {
      const entry = entries[index] ?? null
      if (index === at) return isSame(entry, wanted) ? [line] : endedLike(before, written(wanted))
      if (!isRival(entry) || !entry.names.includes(hostname)) return [line]
      const names = entry.names.filter(name => name !== hostname)
      return names.length === 0 || entry.names[0] === hostname ? [] : endedLike(before, written({ ...entry, names }))
    })
    return textOf(at === -1 ? [...lines, ...endedLike(before, written(wanted))] : lines, before)
  },
})

interface HostEntry {
  readonly ip: string
  readonly names: readonly string[]
  readonly comment: string
}

/** Null for a line that is blank or a comment. */
function entryOf(line: string): HostEntry | null {
  const [words = '', ...comment] = bare(line).split('#')
  const [ip = '', ...names] = words.trim().split(/\s+/)
  return names.length === 0 ? null : { ip, names, comment: comment.join('#').trim() }
}

function written({ ip, names, comment }: HostEntry): string {
  return `${ip}\t${names.join(' ')}${comment === '' ? '' : ` # ${comment}`}`
}

function isSame(a: HostEntry | null, b: HostEntry): boolean {
  return a !== null && written(a) === written(b)
}

function requireEntry({ names, comment }: HostEntry): void {
  const bad = names.find(name => !/^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(name))
  if (bad !== undefined) throw new ExecutorError('failed', `'${bad}' is no host name`)
  requireOneLine(comment, "'comment'")
}
