import { access, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomic } from '#node/kit'
import { change } from '../../change.ts'
import { ExecutorError } from '../../errors.ts'
import type { ExecutorOf } from '../../executor.ts'
import type { Machine } from '../../machine.ts'
import { type Plan, planned } from '../../planned.ts'
import { Budget } from '../budget.ts'
import { invoke, mustInvoke } from '../invoke.ts'
import { nftScript, parseTable, TABLE } from './nft.ts'
import { type FirewallAttributes, idOf, type Rule, ruleOf } from './rule.ts'

const TIMEOUT_SECONDS = 30

/** Rules of nftables in a table of their own. The kernel forgets them when it restarts, and the agent's first run puts them back. */
export const firewallExecutor: ExecutorOf<'firewall'> = planned<FirewallAttributes>(
  { type: 'firewall', reach: 'host', acts: 'until-compliant' },
  async (attributes, machine, { signal }) => {
    const rule = ruleOf(attributes)
    const id = idOf(rule)
    await refuseOthers(machine)
    const budget = new Budget(TIMEOUT_SECONDS, signal)
    const kept = await keptRules(machine)
    const loaded = await loadedRules(machine, budget)
    const isLoaded = loaded.has(id)
    const isKept = kept.some(each => idOf(each) === id && each.comment === rule.comment)
    const isPresent = attributes.state === 'present'
    if (
      isPresent
        ? isLoaded && isKept && loaded.get(id) === rule.comment
        : !isLoaded && !kept.some(each => idOf(each) === id)
    ) {
      return { kind: 'compliant' }
    }
    const others = kept.filter(each => idOf(each) !== id)
    return {
      kind: 'different',
      changes: [change('rule', isLoaded ? shown(rule) : 'absent', isPresent ? shown(rule) : 'absent')],
      carryOut: async () => {
        const rules = isPresent ? [...others, rule] : others
        await mustInvoke(machine, budget, 'nft', ['-f', '-'], { stdin: nftScript(rules) })
        await keepRules(rules, machine)
        return {}
      },
    } satisfies Plan
  },
)

/** Their own rules would be replaced or hidden by them, and `allow` here would open nothing that they close. */
async function refuseOthers(machine: Machine): Promise<void> {
  const ufw = await readFile(machine.path('/etc/ufw/ufw.conf'), 'utf8').catch(() => '')
  const isFirewalld = await access(machine.path('/run/firewalld')).then(
    () => true,
    () => false,
  )
  const other = /^ENABLED=yes$/im.test(ufw) ? 'ufw' : isFirewalld ? 'firewalld' : null
  if (other === null) return
  throw new ExecutorError(
    'blocked',
    `${other} rules the packet filter of this machine, and Vigo writes nftables only; switch ${other} off, or give it its rules with exec`,
  )
}

async function loadedRules(machine: Machine, budget: Budget): Promise<Map<string, string>> {
  const result = await invoke(machine, budget, 'nft', ['list', 'table', 'inet', TABLE], { maxOutputBytes: 4 * 2 ** 20 })
  if (result.exitCode === 0) return parseTable(result.stdout)
  if (/no such file or directory/i.test(result.stderr)) return new Map()
  throw new ExecutorError('blocked', `nft does not tell which rules there are: ${result.stderr.trim().slice(-300)}`)
}

/** The rules as the resources say them: the kernel's own form of them cannot be turned back for certain. */
async function keptRules(machine: Machine): Promise<Rule[]> {
  const text = await readFile(rulesFile(machine), 'utf8').catch(() => '[]')
  try {
    return JSON.parse(text) as Rule[]
  } catch {
    return []
  }
}

async function keepRules(rules: readonly Rule[], machine: Machine): Promise<void> {
  await mkdir(machine.stateFolder, { recursive: true, mode: 0o700 })
  await writeFileAtomic(rulesFile(machine), `${JSON.stringify(rules)}\n`, { mode: 0o600 })
}

function rulesFile(machine: Machine): string {
  return join(machine.stateFolder, 'firewall.json')
}

function shown({ action, proto, port, direction, source }: Rule): string {
  const where = source === 'any' ? '' : ` ${direction === 'in' ? 'from' : 'to'} ${source}`
  return `${action} ${proto} ${port.join(',')} ${direction}${where}`
}
