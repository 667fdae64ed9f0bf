import type { CrateDeclaration, ResourceDeclaration } from '../declarations.ts'
import type { Diagnostics } from '../diagnostic.ts'
import { type Edge, topologicalOrder } from '../graph/index.ts'
import type { Located } from '../node.ts'
import { suggest } from '../template/index.ts'
import { MAX_UNKNOWN } from './fields.ts'
import { checkUnique } from './names.ts'

type Relation = 'dependsOn' | 'before' | 'notify' | 'subscribes'

const KEYS: Readonly<Record<Relation, string>> = {
  dependsOn: 'depends_on',
  before: 'before',
  notify: 'notify',
  subscribes: 'subscribes',
}

/** One reference of a resource to another. */
interface Reference {
  readonly from: ResourceDeclaration
  readonly relation: Relation
  readonly to: Located<string>
}

/**
 * What a crate alone tells about the order of its resources: names that exist, no cycle, nothing triggered twice. Names with templates,
 * and names that another crate may bring, are left to whoever knows all resources of a host.
 */
export function checkGraph(crate: CrateDeclaration, diagnostics: Diagnostics): void {
  const { resources } = crate
  checkUnique(
    resources.map(({ name }) => name),
    'resources',
    "give each a 'name:' of its own",
    diagnostics,
  )
  const references = referencesOf(resources)
  for (const reference of references) checkSelf(reference, diagnostics)
  if (crate.dependsOn.length === 0) checkTargets(references, resources, diagnostics)
  checkTriggers(references, diagnostics)
  checkCycle(resources, references, diagnostics)
}

const RELATIONS: readonly Relation[] = ['dependsOn', 'before', 'notify', 'subscribes']

function referencesOf(resources: readonly ResourceDeclaration[]): Reference[] {
  const references: Reference[] = []
  for (const from of resources) {
    for (const relation of RELATIONS) for (const to of from[relation]) references.push({ from, relation, to })
  }
  return references
}

function checkSelf({ from, relation, to }: Reference, diagnostics: Diagnostics): void {
  if (to.value !== from.name.value) return
  diagnostics.error({
    code: 'self-reference',
    span: to.span,
    message: `the resource '${to.value.slice(0, 80)}' names itself in '${KEYS[relation]}'`,
    hint: 'take it away',
  })
}

/** In a crate that depends on no other every name is one of its own resources. */
function checkTargets(
  references: readonly Reference[],
  resources: readonly ResourceDeclaration[],
  diagnostics: Diagnostics,
): void {
  const names = new Set(resources.map(({ name }) => name.value))
  const templated = Array.from(names).filter(name => name.includes('{{'))
  let unknown = 0
  for (const { from, relation, to } of references) {
    if (names.has(to.value) || to.value.includes('{{') || templated.some(name => couldBe(name, to.value))) continue
    if (++unknown > MAX_UNKNOWN) return
    const others = Array.from(names).filter(name => name !== from.name.value)
    const known = suggest(to.value, others, all =>
      all === '' ? 'it has no other resource.' : `its resources are ${all}.`,
    )
    diagnostics.error({
      code: 'unknown-resource',
      span: to.span,
      message: `'${KEYS[relation]}' names '${to.value.slice(0, 80)}', but this crate has no such resource`,
      hint: `${known} A resource of another crate needs 'depends_on:' of the crate`,
    })
  }
}

/** Whether a name with templates can become the other one. */
function couldBe(name: string, wanted: string): boolean {
  const start = name.indexOf('{{')
  const end = name.lastIndexOf('}}')
  return wanted.startsWith(name.slice(0, start)) && wanted.endsWith(end < 0 ? '' : name.slice(end + 2))
}

function checkTriggers(references: readonly Reference[], diagnostics: Diagnostics): void {
  const notified = new Map<string, Reference>()
  for (const reference of references) {
    if (reference.relation === 'notify') notified.set(pair(reference.from.name.value, reference.to.value), reference)
  }
  for (const { from, relation, to } of references) {
    if (relation !== 'subscribes') continue
    const twin = notified.get(pair(to.value, from.name.value))
    if (twin === undefined) continue
    diagnostics.error({
      code: 'double-trigger',
      span: to.span,
      message: `'${to.value.slice(0, 80)}' would trigger '${from.name.value.slice(0, 80)}' twice: it notifies it, and '${from.name.value.slice(0, 80)}' subscribes to it`,
      hint: "keep one of them: 'notify:' there or 'subscribes:' here",
      related: [{ span: twin.to.span, message: "the 'notify' is here" }],
    })
  }
}

function pair(source: string, target: string): string {
  return `${source}\n${target}`
}

function checkCycle(
  resources: readonly ResourceDeclaration[],
  references: readonly Reference[],
  diagnostics: Diagnostics,
): void {
  const edges = references
    .map(reference => ({ reference, edge: edgeOf(reference) }))
    .filter(({ edge }) => edge.first !== edge.second)
  const answer = topologicalOrder(
    Array.from(new Set(resources.map(({ name }) => name.value))),
    edges.map(({ edge }) => edge),
  )
  if ('order' in answer) return
  const { cycle } = answer
  const links = cycle
    .map((first, at) =>
      edges.find(({ edge }) => edge.first === first && edge.second === cycle[(at + 1) % cycle.length]),
    )
    .filter(link => link !== undefined)
  const [start, ...others] = links
  if (start === undefined) return
  const shown = cycle.length > 8 ? [...cycle.slice(0, 7), '…'] : cycle
  diagnostics.error({
    code: 'cycle',
    span: start.reference.to.span,
    message: `resources wait for each other in a circle: ${[...shown, cycle[0] ?? ''].join(' → ')}`,
    hint: 'take away one of the references below; an arrow means that a resource comes before the next',
    related: [start, ...others].slice(0, 8).map(({ reference }) => ({
      span: reference.to.span,
      message: `'${reference.from.name.value.slice(0, 80)}' has ${KEYS[reference.relation]}: ${reference.to.value.slice(0, 80)}`,
    })),
  })
}

/** Whatever triggers another resource also comes before it. */
export function edgeOf({ from, relation, to }: Reference): Edge {
  const isBefore = relation === 'before' || relation === 'notify'
  return isBefore ? { first: from.name.value, second: to.value } : { first: to.value, second: from.name.value }
}
