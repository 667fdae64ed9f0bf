import type { SourceFile } from '#config/lang'
import type { Traits } from '../compile/index.ts'
import { SeededRandom } from './random.ts'
import { sampleResources, variableOf } from './resources.ts'

export interface SampleSize {
  readonly seed?: number
  readonly configcrates: number
  readonly resources: number
  readonly entries: number
  /** Crates of one role; every entry has two roles. Default: 8. */
  readonly cratesPerRole?: number
}

/** What the budgets of `publish` and `compile` are measured on. */
export const LARGE_TREE: SampleSize = { configcrates: 1000, resources: 10_000, entries: 1000 }

/**
 * A tree of any size as an operator with many customers has it: crates, roles of them, a folder for each customer with a `common.vgo`,
 * environments and match entries. The same size and seed give the same tree.
 */
export function sampleTree(size: SampleSize): SourceFile[] {
  const random = new SeededRandom(size.seed ?? 1)
  const { configcrates, resources, entries, cratesPerRole = 8 } = size
  const crates = Array.from({ length: configcrates }, (_, at) => `crate-${at}`)
  const roles = Array.from({ length: Math.max(1, Math.ceil(configcrates / 4)) }, (_, at) =>
    roleOf(at, crates, cratesPerRole, random),
  )
  const perCrate = Math.max(1, Math.round(resources / configcrates))
  return [
    ...crates.map((name, at) => crateFile(name, at, perCrate, random)),
    ...roles.map(roleFile),
    { path: 'common.vgo', text: 'vars:\n  owner: operations\n  tier: standard\n' },
    {
      path: 'environments.vgo',
      text: 'env:\n  production:\n    vars:\n      workers: 8\n  staging:\n    vars:\n      workers: 2\n',
    },
    ...customersOf(entries).flatMap(({ customer, from, to }) => customerFiles(customer, from, to, roles, random)),
  ]
}

/** The host that an entry of the tree matches, and others of the same entry. */
export function sampleHost(entry: number, host: number): { readonly host: string; readonly traits: Traits } {
  const name = `web${host}.site-${entry}.customer-${Math.floor(entry / ENTRIES_PER_CUSTOMER)}.example.com`
  const family = host % 3 === 0 ? 'redhat' : 'debian'
  return {
    host: name,
    traits: {
      os: { family, distro: family === 'debian' ? 'ubuntu' : 'rocky', arch: 'amd64', version: '24.04' },
      network: { hostname: name },
      hardware: { memory_mb: 4096 },
    },
  }
}

const ENTRIES_PER_CUSTOMER = 20

function customersOf(entries: number) {
  const customers = Math.ceil(entries / ENTRIES_PER_CUSTOMER)
  return Array.from({ length: customers }, (_, customer) => ({
    customer,
    from: customer * ENTRIES_PER_CUSTOMER,
    to: Math.min(entries, (customer + 1) * ENTRIES_PER_CUSTOMER),
  }))
}

function crateFile(name: string, at: number, resources: number, random: SeededRandom): SourceFile {
  const dependsOn = at > 0 && at % 10 === 0 ? `depends_on: [crate-${at - 1}]\n` : ''
  const text = `name: ${name}
${dependsOn}vars:
  owner: nobody
  address: 0.0.0.0
  ${variableOf(name, 'port')}: ${1024 + random.below(40_000)}
  ${variableOf(name, 'limit')}: ${random.below(1000)}m
  workers: 4
  tier: none
resources:
${sampleResources(name, resources, random)}`
  return { path: `configcrates/group-${at % 20}/${name}.vgo`, text }
}

interface Role {
  readonly name: string
  readonly crates: readonly string[]
}

function roleOf(at: number, crates: readonly string[], count: number, random: SeededRandom): Role {
  const names = Array.from({ length: count }, (_, turn) => crates[(at * 4 + turn) % crates.length] ?? '')
  return { name: `role-${at}`, crates: [...new Set([...names, random.pick(crates)])] }
}

function roleFile({ name, crates }: Role): SourceFile {
  const text = `name: ${name}\nconfigcrates:\n${crates.map(each => `  - ${each}\n`).join('')}`
  return { path: `roles/${name}.vgo`, text }
}

function customerFiles(
  customer: number,
  from: number,
  to: number,
  roles: readonly Role[],
  random: SeededRandom,
): SourceFile[] {
  const folder = `customer-${customer}`
  const entries = Array.from({ length: to - from }, (_, turn) => {
    const entry = from + turn
    const own = [random.pick(roles), random.pick(roles)]
    const tuned = own.map(({ crates }) => random.pick(crates))
    return `  - match: "*.site-${entry}.${folder}.example.com"
    environment: ${entry % 2 === 0 ? 'production' : 'staging'}
    roles: [${[...new Set(own.map(({ name }) => name))].join(', ')}]
    vars:
${[...new Set(tuned)].map(crate => `      ${variableOf(crate, 'port')}: ${1024 + random.below(40_000)}\n`).join('')}`
  })
  return [
    { path: `${folder}/common.vgo`, text: `vars:\n  tier: ${random.pick(['gold', 'silver', 'bronze'])}\n` },
    { path: `${folder}/envoys.vgo`, text: `envoys:\n${entries.join('')}` },
  ]
}
