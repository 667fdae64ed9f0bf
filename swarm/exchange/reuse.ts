import type { PartialBlob } from '#swarm/store'

const AT_ONCE = 4
/** Chunks that are looked up together; so many wait for the first answer. */
const WINDOW = 4096

/** Chunks with the same bytes as an earlier chunk of the blob, by that one. */
export type Twins = Map<number, number[]>

/**
 * Sorts every chunk of the blob: held already, copied from a local blob, to be fetched, or the twin of one that is.
 * Resolves when all are sorted; `need` and `held` are called as soon as each is known.
 */
export async function reuseLocalChunks(
  partial: PartialBlob,
  options: {
    signal: AbortSignal
    /** Filled before the first `need`. */
    twins: Twins
    held: (chunk: number, fromHere: boolean) => void
    need: (chunk: number) => void
  },
): Promise<void> {
  const { chunks } = partial.manifest
  const { twins } = options
  const first = new Map<string, number>()
  const missing: number[] = []
  for (const [index, { sha }] of chunks.entries()) {
    if (partial.has(index)) options.held(index, true)
    else if (first.has(sha)) twins.set(first.get(sha)!, [...(twins.get(first.get(sha)!) ?? []), index])
    else {
      first.set(sha, index)
      missing.push(index)
    }
  }
  for (let from = 0; from < missing.length; from += WINDOW) {
    const window = missing.slice(from, from + WINDOW)
    const reusable = await partial.reusable(window)
    const copies = reusable.values()
    for (const index of window) if (!reusable.has(index)) options.need(index)
    const copy = async (): Promise<void> => {
      for (const index of copies) {
        options.signal.throwIfAborted()
        if (await partial.reuse(index)) options.held(index, true)
        else options.need(index)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, copy))
  }
}
