/** The end of what a command printed, in bounded memory. */
export class OutputTail {
  readonly #maxLength: number
  #text = ''
  #leftOut = 0

  /** `maxLength`: characters. */
  constructor(maxLength: number) {
    this.#maxLength = maxLength
  }

  push(text: string): void {
    this.#text += text
    // Cutting each time would copy everything for each line.
    if (this.#text.length > 2 * this.#maxLength) this.#cut()
  }

  get text(): string {
    this.#cut()
    return this.#leftOut === 0 ? this.#text : `… ${this.#leftOut} characters before this were left out\n${this.#text}`
  }

  #cut(): void {
    const surplus = this.#text.length - this.#maxLength
    if (surplus <= 0) return
    this.#leftOut += surplus
    this.#text = this.#text.slice(surplus).toWellFormed()
  }
}
