import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import { ExecutorError } from '../../errors.ts'
import type { ExecutorOf } from '../../executor.ts'

export type FirewallAttributes = Parameters<ExecutorOf<'firewall'>['check']>[0]

/** What makes a rule the one that it is. */
export type Rule = Pick<FirewallAttributes, 'port' | 'proto' | 'action' | 'direction' | 'source'> & {
  readonly interface: string
  readonly comment: string
}

/** @throws ExecutorError 'failed' for what no packet filter could take */
export function ruleOf({ port, proto, action, direction, source, interface: name, comment }: FirewallAttributes): Rule {
  for (const range of port) requireRange(range)
  if (source !== 'any') requireNetwork(source)
  if (name !== undefined && !/^[A-Za-z0-9_.@-]{1,15}\*?$/.test(name)) {
    throw new ExecutorError('failed', `'${name}' is no name of a network interface`)
  }
  const line = (comment ?? '').replaceAll(/[^\P{Cc}]|["\\]/gu, ' ').trim()
  return { port: [...port].sort(), proto, action, direction, source, interface: name ?? '', comment: line.slice(0, 80) }
}

/** The same for the same rule; a comment is no part of it. */
export function idOf({ port, proto, action, direction, source, interface: name }: Rule): string {
  const text = JSON.stringify([port, proto, action, direction, source, name])
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

/**
 * The order in which rules are looked at, the first that fits decides. It does not depend on the order in which they were made: narrow
 * ones before wide ones, and of equally narrow ones allow before reject before deny.
 */
export function inOrder(rules: readonly Rule[]): Rule[] {
  const actions = ['allow', 'reject', 'deny']
  const width = (rule: Rule) => [
    -prefixOf(rule.source),
    rule.interface === '' ? 1 : 0,
    rule.port.includes('any') ? 1 : 0,
    rule.proto === 'any' ? 1 : 0,
    actions.indexOf(rule.action),
  ]
  return [...rules].sort((a, b) => {
    const [x, y] = [width(a), width(b)]
    const at = x.findIndex((each, i) => each !== y[i])
    return at === -1 ? idOf(a).localeCompare(idOf(b)) : (x[at] ?? 0) - (y[at] ?? 0)
  })
}

/** Of 128 bits, also for IPv4, so that both kinds compare. */
function prefixOf(source: string): number {
  if (source === 'any') return -1
  const [address = '', prefix] = source.split('/')
  const bits = isIP(address) === 4 ? 32 : 128
  return (prefix === undefined ? bits : Number(prefix)) + (128 - bits)
}

function requireRange(range: string): void {
  if (range === 'any') return
  const [from = 0, to = from] = range.split(/[-:]/).map(Number)
  if (from >= 1 && from <= to && to <= 65_535) return
  throw new ExecutorError('failed', `'${range}' is no port from 1 to 65535, and no range of them`)
}

function requireNetwork(source: string): void {
  const [address = '', prefix = '0', ...rest] = source.split('/')
  const bits = isIP(address) === 4 ? 32 : isIP(address) === 6 ? 128 : -1
  if (rest.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) <= bits) return
  throw new ExecutorError('failed', `'${source}' is no address and no network such as 10.0.0.0/8`)
}
