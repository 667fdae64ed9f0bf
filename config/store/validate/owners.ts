import type { Inclusion } from '../resolve/index.ts'
import type { Crate } from '../tree/index.ts'
import { codesIn, type Part } from './parts.ts'

/** Which crates manage what, as their codes tell. Most share nothing with any other, and need not be held against them. */
export class Owners {
  readonly #owners = new Map<string, Crate>()
  readonly #sharing = new Set<Crate>()
  readonly #noted = new Set<Part>()

  /** Whether nothing is managed twice for sure. `parts`: as `all`. */
  areApart(all: readonly Inclusion[], parts: readonly Part[]): boolean {
    all.forEach(({ crate }, at) => {
      this.#note(crate, parts[at])
    })
    const sharing = parts.filter((_, at) => all[at] !== undefined && this.#sharing.has(all[at].crate))
    const codes = sharing.flatMap(part => [...codesIn(part)])
    return new Set(codes).size === codes.length
  }

  #note(crate: Crate, part: Part | undefined): void {
    if (part === undefined || this.#noted.has(part)) return
    this.#noted.add(part)
    const own = new Set<string>()
    for (const code of codesIn(part)) {
      const owner = this.#owners.get(code)
      if (owner === undefined) this.#owners.set(code, crate)
      else if (owner !== crate || own.has(code)) this.#sharing.add(owner).add(crate)
      own.add(code)
    }
  }
}
