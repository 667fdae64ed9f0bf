import type { Inclusion } from '../resolve/index.ts'
import type { ConfigStore, Crate, Entry, Memory } from '../tree/index.ts'

/** Instead of the key of an entry that is looked at each time. */
const NO_KEY = '-'

/** Of what is known of one entry. `key` has no spaces. */
export function nameOfRecord(key: string): string {
  return `entry ${key}`
}

/**
 * The entries of a tree without fault, by the crates that they have: as long as the shape of the tree stays the same, only those are looked
 * at again that have a crate which changed. The first line of the record has the keys of the entries; then each crate has one, with its key
 * and the positions of the entries that have it.
 */
export class KnownEntries {
  readonly #memory: Memory
  readonly #name: string
  readonly #crates: ReadonlyMap<Crate, string>
  /** Of each crate the positions, behind a space. Undefined until all entries of a tree of this shape were looked at. */
  readonly #known: readonly string[] | undefined
  readonly #entries: string[]
  readonly #changed = new Set<number>()
  readonly #found = new Map<Crate, number[]>()

  /** `keyOf`: another text for another crate. */
  constructor(store: ConfigStore, memory: Memory, keyOf: (crate: Crate) => string) {
    const crates = [...store.configcrates.values(), ...store.usercrates.values()]
    this.#memory = memory
    this.#name = `entries ${store.shape}`
    this.#crates = new Map(crates.map(crate => [crate, keyOf(crate)]))
    const [entries, ...lines] = memory.recall(this.#name)?.split('\n') ?? []
    this.#entries = entries?.split(' ') ?? store.entries.map(() => NO_KEY)
    if (entries === undefined) return
    const keys = [...this.#crates.values()]
    this.#known = lines.map((line, at) => {
      const end = line.indexOf(' ')
      const positions = line.slice(end)
      if (line.slice(0, end) !== keys[at])
        for (const each of positions.trim().split(' ')) this.#changed.add(Number(each))
      return positions
    })
  }

  /** Whether nothing is wrong with it. */
  has({ position }: Entry): boolean {
    const key = this.#entries[position] ?? NO_KEY
    if (this.#known === undefined || key === NO_KEY || this.#changed.has(position)) return false
    this.#memory.recall(nameOfRecord(key))
    return true
  }

  /** An entry that was looked at. `key`: undefined where it has to be each time. */
  add({ position }: Entry, inclusions: readonly Inclusion[], key: string | undefined): void {
    this.#entries[position] = key ?? NO_KEY
    if (this.#known !== undefined) return
    inclusions.forEach(({ crate }) => {
      const positions = this.#found.get(crate)
      if (positions === undefined) this.#found.set(crate, [position])
      else positions.push(position)
    })
  }

  /** Once all entries that it has not were added, and nothing is wrong with any. */
  keep(): void {
    const lines = Array.from(this.#crates).map(([crate, key], at) =>
      this.#known === undefined
        ? `${key} ${this.#found.get(crate)?.join(' ') ?? ''}`
        : `${key}${this.#known[at] ?? ' '}`,
    )
    this.#memory.keep(this.#name, [this.#entries.join(' '), ...lines].join('\n'))
  }
}
