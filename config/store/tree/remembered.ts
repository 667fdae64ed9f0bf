import { type CrateDeclaration, type Declarations, Diagnostics, readDeclarations, type SourceFile } from '#config/lang'
import { type CrateOutline, outlineOf, setOutline } from './outline.ts'

/*
 * Declarations as text. Of a crate only what other files ask for; the rest is read from its file when somebody wants it, which for
 * most crates of a tree nobody does.
 */

type Crates = 'configcrates' | 'usercrates'

interface Remembered extends Omit<Declarations, Crates> {
  readonly configcrates: readonly RememberedCrate[]
  readonly usercrates: readonly RememberedCrate[]
}

type Head = Pick<CrateDeclaration, 'name' | 'span' | 'dependsOn'>

interface RememberedCrate {
  readonly head: Head
  readonly outline: CrateOutline
}

/** Undefined for what would not come back as it was. */
export function encodeDeclarations(declarations: Declarations): string | undefined {
  const briefly = (crate: CrateDeclaration): RememberedCrate => {
    const { name, span, dependsOn } = crate
    return { head: { name, span, dependsOn }, outline: outlineOf(crate) }
  }
  const { configcrates, usercrates } = declarations
  const remembered: Remembered = {
    ...declarations,
    configcrates: configcrates.map(briefly),
    usercrates: usercrates.map(briefly),
  }
  let isExact = true
  const text = JSON.stringify(remembered, (key, value: unknown) => {
    if (Object.is(value, -0)) isExact = false
    if (key === 'file') return undefined
    if (isSpan(key, value)) return [value.start, value.end]
    return value instanceof Map ? { [MAP]: Array.from(value) } : value
  })
  return isExact ? text : undefined
}

/** @throws for a text that `encodeDeclarations` does not make */
export function decodeDeclarations(text: string, file: SourceFile): Declarations {
  const remembered = revived(JSON.parse(text), file) as Remembered
  const open =
    (kind: Crates) =>
    ({ head, outline }: RememberedCrate, at: number): CrateDeclaration => {
      const crate = new LazyCrate(file, head, () => readDeclarations(file, new Diagnostics())[kind][at])
      setOutline(crate, outline)
      return crate
    }
  return {
    ...remembered,
    file,
    configcrates: remembered.configcrates.map(open('configcrates')),
    usercrates: remembered.usercrates.map(open('usercrates')),
  }
}

class LazyCrate implements CrateDeclaration {
  readonly file: SourceFile
  readonly name: CrateDeclaration['name']
  readonly span: CrateDeclaration['span']
  readonly dependsOn: CrateDeclaration['dependsOn']
  readonly #read: () => CrateDeclaration | undefined
  #whole: CrateDeclaration | undefined

  constructor(file: SourceFile, { name, span, dependsOn }: Head, read: () => CrateDeclaration | undefined) {
    this.file = file
    this.name = name
    this.span = span
    this.dependsOn = dependsOn
    this.#read = read
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
    this.#whole ??= this.#read()
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
  if (MAP in object) return new Map(revived(object[MAP], file) as [string, unknown][])
  for (const key in object) {
    const each = object[key]
    object[key] = isSpanKey(key) && Array.isArray(each) ? { file, start: each[0], end: each[1] } : revived(each, file)
  }
  return object
}
