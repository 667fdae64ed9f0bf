import { isMapValue, memberOf, type Template, type Value, type ValueMap } from '#config/lang'

/** What a trait that no sample has is taken for. */
const UNKNOWN = 'unknown'

/**
 * The traits of a machine that nobody knows: those of a sample, and a text for every other one. `paths` are what a template reads, so
 * that `.Traits.rack.row` finds a map below `rack`. `onUnknown` is called when such a text is given out.
 */
export class LenientTraits extends Map<string, Value> {
  readonly #sample: ValueMap | undefined
  readonly #paths: readonly (readonly string[])[]
  readonly #onUnknown: () => void

  constructor(sample: ValueMap | undefined, paths: readonly (readonly string[])[], onUnknown: () => void) {
    super()
    this.#sample = sample
    this.#paths = paths
    this.#onUnknown = onUnknown
  }

  override get(key: string): Value {
    const known = this.#sample && memberOf(this.#sample, key)
    const below = this.#paths.filter(path => path[0] === key && path.length > 1).map(path => path.slice(1))
    if (known !== undefined && !isMapValue(known)) return known
    if (known !== undefined || below.length > 0) return new LenientTraits(known, below, this.#onUnknown)
    this.#onUnknown()
    return UNKNOWN
  }
}

const paths = new WeakMap<Template, readonly (readonly string[])[]>()

/** Paths below `.Traits` that a template reads. */
export function traitPathsOf(template: Template): readonly (readonly string[])[] {
  let known = paths.get(template)
  if (known === undefined) {
    known = template.usesVariables.filter(({ path }) => path[0] === 'Traits').map(({ path }) => path.slice(1))
    paths.set(template, known)
  }
  return known
}
