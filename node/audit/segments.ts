import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '#node/kit'

/** One file of the log. */
export interface Segment {
  readonly name: string
  readonly path: string
  /** Number of its first entry. */
  readonly first: number
}

const NAME = /^([0-9]{16})\.jsonl$/

export function segmentAt(folder: string, first: number): Segment {
  const name = `${String(first).padStart(16, '0')}.jsonl`
  return { name, path: join(folder, name), first }
}

/** The oldest first; none where there is no folder. */
export async function listSegments(folder: string): Promise<Segment[]> {
  let names: string[]
  try {
    names = await readdir(folder)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
  return names
    .filter(name => NAME.test(name))
    .map(name => segmentAt(folder, Number(name.slice(0, 16))))
    .toSorted((a, b) => a.first - b.first)
}
