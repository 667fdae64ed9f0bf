/** What stands in the place of a value that is not shown. */
export const HIDDEN = '(hidden)'

/** Shorter ones would hide half of every output. */
const MIN_HIDDEN = 4
const SECRET_NAME = /pass(?:word|wd|phrase)?|secret|token|credential|api_?key|private_?key|(?:^|_)key$/i

export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name)
}

/** Replaces values that must not be shown in a text that comes in pieces; what may be the beginning of one is held back. */
export class Hider {
  readonly #values: readonly string[]
  readonly #longest: number
  #held = ''

  constructor(values: Iterable<string>) {
    const lines = [...values].flatMap(value => [value, ...value.split('\n')])
    // Longer ones first: one may begin another.
    this.#values = [...new Set(lines)]
      .filter(({ length }) => length >= MIN_HIDDEN)
      .toSorted((a, b) => b.length - a.length)
    this.#longest = this.#values[0]?.length ?? 0
  }

  /** What can be shown now. */
  push(text: string): string {
    if (this.#longest === 0) return text
    const all = this.#replace(this.#held + text)
    const from = this.#heldFrom(all)
    this.#held = all.slice(from)
    return all.slice(0, from)
  }

  /** The rest, when nothing more comes. */
  end(): string {
    const rest = this.#held
    this.#held = ''
    return rest
  }

  /** A text that is whole. */
  hide(text: string): string {
    return this.#replace(text)
  }

  #replace(text: string): string {
    let shown = text
    for (const value of this.#values) shown = shown.replaceAll(value, HIDDEN)
    return shown
  }

  /** Where the end of the text begins that could go on as a value. */
  #heldFrom(text: string): number {
    for (let at = Math.max(0, text.length - this.#longest + 1); at < text.length; at++) {
      const end = text.slice(at)
      if (this.#values.some(value => value.startsWith(end))) return at
    }
    return text.length
  }
}
