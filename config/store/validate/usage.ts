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
  const unused = new Set([...cratePaths(store), ...store.templates.keys()])
  for (const crate of used) {
    unused.delete(crate.declaration.file.path)
    if (store.templates.size > 0) for (const path of templatesUsedBy(crate, store.templates)) unused.delete(path)
  }
  return unused
}

/** Paths of the files that are a configcrate or a usercrate. */
export function cratePaths({ configcrates, usercrates }: ConfigStore): ReadonlySet<string> {
  const paths = new Set<string>()
  for (const { declaration } of configcrates.values()) paths.add(declaration.file.path)
  for (const { declaration } of usercrates.values()) paths.add(declaration.file.path)
  return paths
}
