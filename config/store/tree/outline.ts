import { type CrateDeclaration, type Located, type ResourceDeclaration, resourceSchemas } from '#config/lang'

/** What a tree asks of a crate that is none of its hosts' business. */
export interface CrateOutline {
  /** Each `source:` of its files, the crate's default included. */
  readonly sources: readonly Located<string>[]
  /** Names of the lists that it repeats something over. */
  readonly loops: readonly Located<string>[]
  readonly isRepeated: boolean
  /** Whether it has resources of a type that fetches from a URL. */
  readonly fetches: boolean
  /** Names of the variables that it gives a default. */
  readonly variables: readonly string[]
}

const outlines = new WeakMap<CrateDeclaration, CrateOutline>()

export function outlineOf(crate: CrateDeclaration): CrateOutline {
  let outline = outlines.get(crate)
  if (outline === undefined) {
    outline = newOutline(crate)
    outlines.set(crate, outline)
  }
  return outline
}

/** Of a crate whose outline is known before the crate is. */
export function setOutline(crate: CrateDeclaration, outline: CrateOutline): void {
  outlines.set(crate, outline)
}

function newOutline(crate: CrateDeclaration): CrateOutline {
  const { resources } = crate
  const lists = [crate.foreach, ...resources.map(({ foreach }) => foreach)]
  return {
    sources: resources.map(resource => sourceOf(crate, resource)).filter(source => source !== undefined),
    loops: lists.filter((list): list is Located<string> => list !== undefined && 'value' in list),
    isRepeated: crate.foreach !== undefined,
    fetches: resources.some(({ type }) => resourceSchemas.get(type.value)?.probedUrls !== undefined),
    variables: [...crate.vars.keys()],
  }
}

function sourceOf(crate: CrateDeclaration, resource: ResourceDeclaration): Located<string> | undefined {
  if (resource.type.value !== 'file') return undefined
  const isOwn = resource.attributes.has('content') || resource.attributes.has('source')
  const node = (isOwn ? resource.attributes : crate.defaults).get('source')?.value
  return node?.kind === 'scalar' ? { value: node.source, span: node.span } : undefined
}
