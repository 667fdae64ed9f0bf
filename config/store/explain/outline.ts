import { Diagnostics, type Located, placeOf } from '#config/lang'
import { frameOf, includeCrates, undecided } from '../resolve/index.ts'
import type { ConfigStore, Entry } from '../tree/index.ts'

/** A tree as servers see it: entries in the order in which they are tried, and what every crate, role and environment is. */
export interface Outline {
  readonly entries: readonly OutlinedEntry[]
  readonly roles: readonly { readonly name: string; readonly place: string; readonly configcrates: readonly string[] }[]
  readonly configcrates: readonly OutlinedCrate[]
  readonly usercrates: readonly OutlinedCrate[]
  readonly environments: readonly {
    readonly name: string
    readonly place: string
    readonly variables: readonly string[]
  }[]
  readonly commons: readonly { readonly path: string; readonly variables: readonly string[] }[]
}

export interface OutlinedEntry {
  readonly match: string
  readonly place: string
  readonly environment: string | null
  readonly roles: readonly string[]
  /** All that its hosts may get, in the order in which they are applied. */
  readonly crates: readonly string[]
}

export interface OutlinedCrate {
  readonly name: string
  readonly place: string
  readonly resources: number
  readonly variables: readonly string[]
}

export function outline(store: ConfigStore): Outline {
  const crates = (all: ConfigStore['configcrates']) =>
    Array.from(
      all.values(),
      ({ name, declaration }): OutlinedCrate => ({
        name,
        place: placeOf(declaration.name.span),
        resources: declaration.resources.length,
        variables: [...declaration.vars.keys()],
      }),
    ).sort(byName)
  return {
    entries: store.entries.map(entry => outlinedEntry(store, entry)),
    roles: Array.from(store.roles.values(), ({ name, configcrates, cases }) => ({
      name: name.value,
      place: placeOf(name.span),
      configcrates: values([...configcrates, ...cases.flatMap(group => group.configcrates)]),
    })).sort(byName),
    configcrates: crates(store.configcrates),
    usercrates: crates(store.usercrates),
    environments: Array.from(store.environments.values()).flatMap(blocks =>
      Array.from(blocks.values(), ({ declaration: { name, vars } }) => ({
        name: name.value,
        place: placeOf(name.span),
        variables: [...vars.keys()],
      })),
    ),
    commons: Array.from(store.commons.values(), ({ declaration: { span, vars } }) => ({
      path: span.file.path,
      variables: [...vars.keys()],
    })),
  }
}

function outlinedEntry(store: ConfigStore, entry: Entry): OutlinedEntry {
  const { match, environment, roles } = entry.declaration
  const { all } = includeCrates(store, frameOf(store, entry), undecided, new Diagnostics())
  return {
    match: match.value,
    place: placeOf(match.span),
    environment: environment?.value ?? null,
    roles: values(roles),
    crates: all.map(({ crate }) => crate.name),
  }
}

export function renderOutline({ entries, roles, configcrates, usercrates, environments, commons }: Outline): string {
  const lines: string[] = []
  const section = (title: string, items: readonly string[]) => {
    if (items.length > 0) lines.push(...(lines.length === 0 ? [] : ['']), title, ...items.map(item => `  ${item}`))
  }
  section(
    'entries, in the order in which they are tried',
    entries.flatMap(({ match, place, environment, roles: carried, crates }) => [
      `${match} (${place})`,
      ...(environment === null ? [] : [`  environment ${environment}`]),
      ...(carried.length === 0 ? [] : [`  roles ${carried.join(', ')}`]),
      crates.length === 0 ? '  nothing is applied' : `  applies ${crates.join(', ')}`,
    ]),
  )
  section(
    'roles',
    roles.map(({ name, place, configcrates: names }) => `${name} (${place}): ${names.join(', ')}`),
  )
  const crate = ({ name, place, resources, variables }: OutlinedCrate) =>
    `${name} (${place}): ${resources} ${resources === 1 ? 'resource' : 'resources'}${withVariables(variables)}`
  section('configcrates', configcrates.map(crate))
  section('usercrates', usercrates.map(crate))
  section(
    'environments',
    environments.map(({ name, place, variables }) => `${name} (${place})${withVariables(variables)}`),
  )
  section(
    'inherited',
    commons.map(({ path, variables }) => `${path}${withVariables(variables)}`),
  )
  return lines.length === 0 ? 'the tree is empty\n' : `${lines.join('\n')}\n`
}

function withVariables(names: readonly string[]): string {
  return names.length === 0 ? '' : `; variables ${names.join(', ')}`
}

function values(names: readonly Located<string>[]): string[] {
  return names.map(({ value }) => value)
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}
