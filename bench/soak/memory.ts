import { formatSize } from '#node/kit'

/** Of a process that has just started: what it loads and compiles is no leak. */
const WARM_MS = 180_000
/** A process that lived too shortly says nothing. */
const JUDGED_MS = 600_000
const MAX_GROWTH_BYTES = 64 * 2 ** 20

interface Life {
  readonly name: string
  readonly bornAt: number
  lastAt: number
  warmBytes: number | null
  lastBytes: number
  maxBytes: number
}

/** How the resident memory of each process goes, from one kill to the next. Times are monotonic milliseconds. */
export class MemoryLog {
  readonly #lives = new Map<number, Life>()

  note(residents: ReadonlyMap<string, { pid: number; bytes: number }>, now: number): void {
    for (const [name, { pid, bytes }] of residents) {
      const life = this.#lives.get(pid) ?? {
        name,
        bornAt: now,
        lastAt: now,
        warmBytes: null,
        lastBytes: bytes,
        maxBytes: bytes,
      }
      this.#lives.set(pid, life)
      life.lastAt = now
      life.lastBytes = bytes
      life.maxBytes = Math.max(life.maxBytes, bytes)
      if (life.warmBytes === null && now - life.bornAt >= WARM_MS) life.warmBytes = bytes
    }
  }

  /** Those that lived long enough and grew by more than they may. */
  get leaks(): readonly string[] {
    return this.#judged
      .filter(({ warmBytes, lastBytes }) => lastBytes - (warmBytes ?? 0) > MAX_GROWTH_BYTES)
      .map(
        ({ name, warmBytes, lastBytes }) =>
          `${name} grew from ${formatSize(warmBytes ?? 0)} to ${formatSize(lastBytes)}`,
      )
  }

  report(): string {
    const lines = this.#judged.map(({ name, bornAt, lastAt, warmBytes, lastBytes, maxBytes }) => {
      const minutes = Math.round((lastAt - bornAt) / 60_000)
      const [warm, last, max] = [warmBytes ?? 0, lastBytes, maxBytes].map(bytes => formatSize(bytes))
      return `  ${name.padEnd(8)} ${minutes} min: ${warm} when warm, ${last} at the end, ${max} at most`
    })
    return lines.length === 0 ? '  no process lived for ten minutes' : lines.join('\n')
  }

  get #judged(): Life[] {
    return [...this.#lives.values()].filter(({ bornAt, lastAt }) => lastAt - bornAt >= JUDGED_MS)
  }
}
