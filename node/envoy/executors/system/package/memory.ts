import { createHash } from 'node:crypto'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomic } from '#node/kit'
import type { Machine } from '../../machine.ts'

/** What an executor remembers of what it installed, a small file for each thing, in the agent's own folder. */
export class Memory {
  readonly #folder: string

  constructor(machine: Machine, kind: 'nonrepo-packages' | 'source-packages') {
    this.#folder = join(machine.stateFolder, kind)
  }

  /** Null for what is not known, and for what cannot be understood. */
  async recall(key: string): Promise<Readonly<Record<string, string>> | null> {
    const text = await readFile(this.#path(key), 'utf8').catch(() => null)
    if (text === null) return null
    try {
      const found: unknown = JSON.parse(text)
      if (typeof found !== 'object' || found === null) return null
      return Object.fromEntries(Object.entries(found).map(([name, value]) => [name, String(value)]))
    } catch {
      return null
    }
  }

  async keep(key: string, facts: Readonly<Record<string, string>>): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    await writeFileAtomic(this.#path(key), `${JSON.stringify(facts)}\n`, { mode: 0o600 })
  }

  async forget(key: string): Promise<void> {
    await rm(this.#path(key), { force: true })
  }

  #path(key: string): string {
    return join(this.#folder, `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.json`)
  }
}
