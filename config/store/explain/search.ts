import { placeOf, type Span, type Variables } from '#config/lang'
import { type ConfigStore, compileGlob } from '../tree/index.ts'

/** Something in a tree that a name or a pattern means. */
export interface Found {
  readonly kind:
    | 'entry'
    | 'role'
    | 'configcrate'
    | 'usercrate'
    | 'resource'
    | 'variable'
    | 'environment'
    | 'task'
    | 'workflow'
    | 'template'
  readonly name: string
  readonly place: string
  /** What it belongs to. */
  readonly within: string
}

/** Most that one search answers. */
const MAX_FOUND = 1000

/**
 * Everything whose name contains the text, in any case; with `*` in it, whose name matches the pattern as a whole. An entry is also
 * found by the name of a host that it matches. Sorted by place.
 */
export function search(store: ConfigStore, wanted: string): readonly Found[] {
  const text = wanted.toLowerCase()
  const glob = text.includes('*') ? compileGlob(text) : undefined
  const matches = (name: string) => (glob === undefined ? name.toLowerCase().includes(text) : glob(name.toLowerCase()))
  return Array.from(named(store))
    .filter(({ name, kind, matchesHost }) => matches(name) || (kind === 'entry' && matchesHost?.(text) === true))
    .slice(0, MAX_FOUND)
    .map(({ kind, name, span, within }) => ({ kind, name, place: placeOf(span), within }))
}

interface Named extends Omit<Found, 'place'> {
  readonly span: Span
  readonly matchesHost?: (host: string) => boolean
}

function* named(store: ConfigStore): Iterable<Named> {
  for (const { declaration, matches } of store.entries) {
    const { match, vars } = declaration
    yield { kind: 'entry', name: match.value, span: match.span, within: '', matchesHost: matches }
    yield* variables(vars, `entry '${match.value}'`)
  }
  for (const { name } of store.roles.values()) yield { kind: 'role', name: name.value, span: name.span, within: '' }
  for (const { kind, name, declaration } of [...store.configcrates.values(), ...store.usercrates.values()]) {
    yield { kind, name, span: declaration.name.span, within: '' }
    yield* variables(declaration.vars, `${kind} '${name}'`)
    for (const resource of declaration.resources) {
      yield { kind: 'resource', name: resource.name.value, span: resource.name.span, within: `${kind} '${name}'` }
    }
  }
  for (const { declaration } of Array.from(store.environments.values()).flatMap(blocks => [...blocks.values()])) {
    const { name, vars } = declaration
    yield { kind: 'environment', name: name.value, span: name.span, within: '' }
    yield* variables(vars, `environment '${name.value}'`)
  }
  for (const { declaration } of store.commons.values()) yield* variables(declaration.vars, declaration.span.file.path)
  for (const { name } of store.tasks.values()) yield { kind: 'task', name: name.value, span: name.span, within: '' }
  for (const { name } of store.workflows.values())
    yield { kind: 'workflow', name: name.value, span: name.span, within: '' }
  for (const file of store.templates.values()) {
    yield { kind: 'template', name: file.path, span: { file, start: 0, end: 0 }, within: '' }
  }
}

function* variables(vars: Variables, within: string): Iterable<Named> {
  for (const { key, keySpan } of vars.values()) yield { kind: 'variable', name: key, span: keySpan, within }
}

export function renderFound(found: readonly Found[]): string {
  if (found.length === 0) return 'nothing in the tree has such a name\n'
  const lines = found.map(
    ({ kind, name, place, within }) => `${place}: ${kind} ${name}${within === '' ? '' : ` of ${within}`}`,
  )
  return `${lines.join('\n')}\n`
}
