import type { Located } from '#config/lang'
import { type ConfigStore, type Crate, dependenciesOf, templatesUsedBy } from '../tree/index.ts'

/**
 * Paths of the crates and templates that no carrier leads to: no entry, `common.vgo`, environment or role names the crate, and no
 * such crate depends on it or uses the template. A role leads to its crates even while nobody has the role, so that a tree without
 * these files has no name that nobody declares.
 */
export function unreferencedPaths(store: ConfigStore): ReadonlySet<string> {
  const used = new Set<Crate>()
  const use = (names: readonly Located<string>[], crates: ReadonlyMap<string, Crate>) => {
    for (const { value } of names) {
      const crate = crates.get(value)
      if (crate === undefined || used.has(crate)) continue
      used.add(crate)
      for (const dependency of dependenciesOf(crate)) used.add(dependency)
    }
  }
  const { configcrates, usercrates, roles, entries, commons, environments } = store
  for (const { configcrates: names, cases, usercrates: users } of roles.values()) {
    use(names, configcrates)
    use(users, usercrates)
    for (const group of cases) use(group.configcrates, configcrates)
  }
  for (const { declaration } of [...entries, ...commons.values()]) {
    use(declaration.configcrates, configcrates)
    use(declaration.usercrates, usercrates)
  }
  for (const { declaration } of Array.from(environments.values()).flatMap(blocks => [...blocks.values()])) {
    use(declaration.configcrates, configcrates)
    use(declaration.excludeConfigcrates, configcrates)
  }
  const needed = new Set<string>()
  for (const crate of used) {
    needed.add(crate.declaration.file.path)
    for (const path of templatesUsedBy(crate, store.templates)) needed.add(path)
  }
  const all = [...cratePaths(store), ...store.templates.keys()]
  return new Set(all.filter(path => !needed.has(path)))
}

/** Paths of the files that are a configcrate or a usercrate. */
export function cratePaths({ configcrates, usercrates }: ConfigStore): ReadonlySet<string> {
  return new Set([...configcrates.values(), ...usercrates.values()].map(({ declaration }) => declaration.file.path))
}
