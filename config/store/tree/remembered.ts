import {
  type CrateDeclaration,
  type Declarations,
  Diagnostics,
  type Located,
  readDeclarations,
  type SourceFile,
} from '#config/lang'
import { outlineOf, setOutline } from './outline.ts'

/*
 * Declarations as text. A crate is the only thing that its file declares: of it the words that other files ask for, then on another line
 * their places. The rest is read from its file when somebody wants it, which for most crates of a tree nobody does.
 */

/** In the order of `wordsOf`. */
type Words = readonly [
  kind: 'configcrates' | 'usercrates',
  name: string,
  dependsOn: readonly string[],
  sources: readonly string[],
  loops: readonly string[],
  isRepeated: boolean,
  fetches: boolean,
  variables: readonly string[],
]

/** Undefined for what would not come back as it was. */
export function encodeDeclarations(declarations: Declarations): string | undefined {
  const { configcrates, usercrates } = declarations
  const [crate] = [...configcrates, ...usercrates]
  if (crate === undefined) return encodeWhole(declarations)
  return encodeCrate(configcrates.length > 0 ? 'configcrates' : 'usercrates', crate)
}

/** @throws for a text that `encodeDeclarations` does not make */
export function decodeDeclarations(text: string, file: SourceFile): Declarations {
  return isOfCrate(text) ? decodeCrate(text, file) : { ...(revived(JSON.parse(text), file) as Declarations), file }
}

/** What a text of `encodeDeclarations` says of a crate without its places; undefined when it says something else. */
export function wordsIn(text: string): string | undefined {
  return isOfCrate(text) ? text.slice(0, text.indexOf('\n')) : undefined
}

function isOfCrate(text: string): boolean {
  return text.startsWith('[')
}

function encodeCrate(kind: Words[0], crate: CrateDeclaration): string {
  const { name, span, dependsOn } = crate
  const { sources, loops, isRepeated, fetches, variables } = outlineOf(crate)
  const words: Words = [
    kind,
    name.value,
    valuesOf(dependsOn),
    valuesOf(sources),
    valuesOf(loops),
    isRepeated,
    fetches,
    variables,
  ]
  const places = [span, ...[name, ...dependsOn, ...sources, ...loops].map(each => each.span)]
  return `${JSON.stringify(words)}\n${places.map(({ start, end }) => `${start} ${end}`).join(' ')}`
}

function valuesOf(all: readonly Located<string>[]): readonly string[] {
  return all.length === 0 ? NOTHING : all.map(({ value }) => value)
}

const NOTHING: readonly never[] = []

function decodeCrate(text: string, file: SourceFile): Declarations {
  const end = text.indexOf('\n')
  const words = JSON.parse(text.slice(0, end)) as Words
  const places = text.slice(end + 1).split(' ')
  let at = 0
  const place = () => ({ file, start: Number(places[at++]), end: Number(places[at++]) })
  const located = (value: string): Located<string> => ({ value, span: place() })
  const locatedAll = (values: readonly string[]) => (values.length === 0 ? NOTHING : values.map(located))
  const [kind, name, dependsOn, sources, loops, isRepeated, fetches, variables] = words
  const head = { span: place(), name: located(name), dependsOn: locatedAll(dependsOn) }
  const crate = new LazyCrate(file, head, kind)
  setOutline(crate, { sources: locatedAll(sources), loops: locatedAll(loops), isRepeated, fetches, variables })
  return {
    file,
    configcrates: kind === 'configcrates' ? [crate] : NOTHING,
    usercrates: kind === 'usercrates' ? [crate] : NOTHING,
    roles: NOTHING,
    envoys: NOTHING,
    common: undefined,
    environments: NOTHING,
    waivers: NOTHING,
    compliance: undefined,
    tasks: NOTHING,
    workflows: NOTHING,
  }
}

function encodeWhole(declarations: Declarations): string | undefined {
  let isExact = true
  const text = JSON.stringify(declarations, (key, value: unknown) => {
    if (Object.is(value, -0)) isExact = false
    if (key === 'file') return undefined
    if (isSpan(key, value)) return [value.start, value.end]
    return value instanceof Map ? { [MAP]: Array.from(value) } : value
  })
  return isExact ? text : undefined
}

class LazyCrate implements CrateDeclaration {
  readonly file: SourceFile
  readonly name: CrateDeclaration['name']
  readonly span: CrateDeclaration['span']
  readonly dependsOn: CrateDeclaration['dependsOn']
  readonly #kind: Words[0]
  #whole: CrateDeclaration | undefined

  constructor(
    file: SourceFile,
    { name, span, dependsOn }: Pick<CrateDeclaration, 'name' | 'span' | 'dependsOn'>,
    kind: Words[0],
  ) {
    this.file = file
    this.name = name
    this.span = span
    this.dependsOn = dependsOn
    this.#kind = kind
  }

  get vars() {
    return this.#rest.vars
  }

  get defaults() {
    return this.#rest.defaults
  }

  get foreach() {
    return this.#rest.foreach
  }

  get when() {
    return this.#rest.when
  }

  get resources() {
    return this.#rest.resources
  }

  get compliance() {
    return this.#rest.compliance
  }

  get provides() {
    return this.#rest.provides
  }

  get bundle() {
    return this.#rest.bundle
  }

  get #rest(): CrateDeclaration {
    this.#whole ??= readDeclarations(this.file, new Diagnostics())[this.#kind][0]
    if (this.#whole === undefined) throw new Error(`'${this.file.path}' is not the crate that it was`)
    return this.#whole
  }
}

/** No key of a declaration; keys that authors write are in lists. */
const MAP = '$map'

interface SpanLike {
  readonly start: number
  readonly end: number
}

function isSpanKey(key: string): boolean {
  return key === 'span' || key === 'keySpan'
}

function isSpan(key: string, value: unknown): value is SpanLike {
  return isSpanKey(key) && typeof value === 'object' && value !== null && 'start' in value && 'end' in value
}

/** Changes what JSON made, in place. */
function revived(value: unknown, file: SourceFile): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) value[at] = revived(value[at], file)
    return value
  }
  const object = value as Record<string, unknown>
  const entries = object[MAP]
  if (entries !== undefined) return new Map(revived(entries, file) as [string, unknown][])
  for (const key in object) {
    const each = object[key]
    if (typeof each !== 'object' || each === null) continue
    object[key] = isSpanKey(key) && Array.isArray(each) ? { file, start: each[0], end: each[1] } : revived(each, file)
  }
  return object
}
