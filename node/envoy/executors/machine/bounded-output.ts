/** What a program printed, with the middle left out when it is too much: the beginning says what it was, the end why it failed. */
export class BoundedOutput {
  readonly #half: number
  readonly #head: Buffer[] = []
  readonly #tail: Buffer[] = []
  #headBytes = 0
  #tailBytes = 0
  #leftOut = 0

  constructor(maxBytes: number) {
    this.#half = Math.max(1, Math.floor(maxBytes / 2))
  }

  add(chunk: Buffer): void {
    const toHead = chunk.subarray(0, this.#half - this.#headBytes)
    if (toHead.length > 0) {
      this.#head.push(toHead)
      this.#headBytes += toHead.length
    }
    const toTail = chunk.subarray(toHead.length)
    if (toTail.length === 0) return
    this.#tail.push(toTail)
    this.#tailBytes += toTail.length
    this.#shorten()
  }

  get text(): string {
    const head = Buffer.concat(this.#head)
    const tail = Buffer.concat(this.#tail)
    if (this.#leftOut === 0) return Buffer.concat([head, tail]).toString('utf8')
    return `${head.toString('utf8')}\n[${this.#leftOut} bytes left out]\n${tail.toString('utf8')}`
  }

  #shorten(): void {
    while (this.#tailBytes > this.#half) {
      const first = this.#tail[0]
      if (first === undefined) return
      const surplus = Math.min(first.length, this.#tailBytes - this.#half)
      if (surplus === first.length) this.#tail.shift()
      else this.#tail[0] = Buffer.from(first.subarray(surplus))
      this.#tailBytes -= surplus
      this.#leftOut += surplus
    }
  }
}
