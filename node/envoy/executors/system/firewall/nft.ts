import { isIPv6 } from 'node:net'
import { idOf, inOrder, type Rule } from './rule.ts'

/*
 * All rules are in one table of their own, which is replaced as a whole: whatever else filters packets on the machine is left alone, and
 * decides too. A packet has to pass all of them, so `allow` opens nothing that another table closes.
 */

export const TABLE = 'vigo'
const VERDICTS = { allow: 'accept', deny: 'drop', reject: 'reject' } as const

/** A script for `nft -f -` that replaces the table as one step; without rules it is removed. */
export function nftScript(rules: readonly Rule[]): string {
  // Adding first makes deleting it possible whether or not it was there.
  const clear = `add table inet ${TABLE}\ndelete table inet ${TABLE}\n`
  if (rules.length === 0) return clear
  const ordered = inOrder(rules)
  return `${clear}table inet ${TABLE} {\n${chain('in', ordered)}${chain('out', ordered)}}\n`
}

function chain(direction: 'in' | 'out', rules: readonly Rule[]): string {
  const lines = rules.filter(rule => rule.direction === direction).flatMap(linesOf)
  if (lines.length === 0) return ''
  const [name, loop] = direction === 'in' ? ['input', 'iifname "lo" accept'] : ['output', 'oifname "lo" accept']
  // What is already connected goes on, the agent's own connections among it: a rule must not cut the machine off from its fleet.
  const first = [`type filter hook ${name} priority 0; policy accept;`, 'ct state established,related accept', loop]
  return `\tchain ${name} {\n${[...first, ...lines].map(line => `\t\t${line}\n`).join('')}\t}\n`
}

function linesOf(rule: Rule): string[] {
  const { port, proto, action, direction, source, comment } = rule
  const isIn = direction === 'in'
  const side = isIn ? 'saddr' : 'daddr'
  const parts = [
    ...(rule.interface === '' ? [] : [`${isIn ? 'iifname' : 'oifname'} "${rule.interface}"`]),
    ...(source === 'any' ? [] : [`${isIPv6(source.split('/')[0] ?? '') ? 'ip6' : 'ip'} ${side} ${source}`]),
    ...protocolOf(proto, port),
    VERDICTS[action],
    `comment "vigo:${idOf(rule)}${comment === '' ? '' : ` ${comment}`}"`,
  ]
  return [parts.join(' ')]
}

function protocolOf(proto: Rule['proto'], ports: readonly string[]): string[] {
  const isAny = ports.includes('any')
  if (proto === 'any' && isAny) return []
  if (isAny) return [`meta l4proto ${proto}`]
  const set = `{ ${ports.map(port => port.replace(':', '-')).join(', ')} }`
  return proto === 'any' ? [`meta l4proto { tcp, udp } th dport ${set}`] : [`${proto} dport ${set}`]
}

/** The rules that the kernel has, by their ids, with what is behind them; from `nft list table`. */
export function parseTable(text: string): Map<string, string> {
  const found = text.matchAll(/comment "vigo:([0-9a-f]{16})(?: ([^"]*))?"/g)
  return new Map([...found].map(([, id = '', comment = '']) => [id, comment]))
}
