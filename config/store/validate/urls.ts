import type { CrateDeclaration, Node, Span } from '#config/lang'
import type { CompiledCrate } from '../compile/crate.ts'
import { type PreparedAttribute, prepare } from '../compile/prepared.ts'
import { templateIn } from '../compile/render.ts'
import { type ConfigStore, outlineOf } from '../tree/index.ts'

/** A URL that a crate fetches from, and where it says so. */
export interface UrlUse {
  readonly url: string
  readonly span: Span
}

/** The URLs that stand in crates as they are. */
export function literalUrls({ configcrates, usercrates }: ConfigStore): UrlUse[] {
  return [...configcrates.values(), ...usercrates.values()]
    .filter(({ declaration }) => outlineOf(declaration).fetches)
    .flatMap(({ declaration }) => urlsIn(declaration))
}

function urlsIn(declaration: CrateDeclaration): UrlUse[] {
  return prepare(declaration).resources.flatMap(({ schema, attributes }) =>
    (schema?.probedUrls ?? []).flatMap(name => {
      const attribute = attributes.get(name)
      return typeof attribute?.fixed === 'string' ? [{ url: attribute.fixed, span: attribute.entry.value.span }] : []
    }),
  )
}

/** The URLs that variables made; what depends on traits is known on the machine only. */
export function renderedUrls(crate: CompiledCrate): UrlUse[] {
  const urls: UrlUse[] = []
  for (const { stamped } of crate.placed) {
    const { schema, attributes } = stamped.prepared
    if (schema?.probedUrls === undefined) continue
    for (const name of schema.probedUrls) {
      const attribute = attributes.get(name)
      const url = stamped.values.get(name)
      if (attribute === undefined || attribute.fixed !== undefined || typeof url !== 'string') continue
      if (readsOnlyVariables(attribute)) urls.push({ url, span: attribute.entry.value.span })
    }
  }
  return urls
}

function readsOnlyVariables({ entry: { value }, schema }: PreparedAttribute): boolean {
  return templatesOf(value, schema?.placeholders).every(uses => uses.every(([namespace]) => namespace === 'Vars'))
}

function templatesOf(node: Node, placeholders: readonly string[] | undefined): (readonly (readonly string[])[])[] {
  if (node.kind !== 'scalar' || typeof node.value !== 'string') return []
  const template = templateIn(node, node.value, placeholders)
  return template === undefined ? [] : [template.usesVariables.map(({ path }) => path)]
}
