import type { Machine } from '../machine.ts'
import { stampOf } from './parsed-file.ts'

/** An answer about each machine that holds until one of the files that it depends on changes. */
export class Remembered<T> {
  readonly #known = new WeakMap<Machine, { readonly stamp: string; readonly value: T }>()

  async get(machine: Machine, paths: readonly string[], ask: () => Promise<T>): Promise<T> {
    // Taken before the question: what changes meanwhile makes the answer stale.
    const stamp = await stampOf(paths)
    const known = this.#known.get(machine)
    if (known?.stamp === stamp) return known.value
    const value = await ask()
    // Where nothing is that could change, nothing tells when the answer is stale.
    if (/^\d/m.test(stamp)) this.#known.set(machine, { stamp, value })
    return value
  }

  forget(machine: Machine): void {
    this.#known.delete(machine)
  }
}
