import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { releasePlaces } from '../places.ts'
import { releaseHash } from '../release-hash.ts'
import { Releases } from '../releases.ts'

const SCRIPT = fileURLToPath(new URL('./racing-script.ts', import.meta.url))
const EACH = 15

test('publishers that race take turns; one that is killed holds up nobody, and readers always see one whole release', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vigo-racing-'))
  try {
    const releases = new Releases({ places: releasePlaces(folder), keep: 1000 })
    const racers = ['alice', 'bob', 'carol'].map(name => race(folder, name))
    const [, , victim] = racers
    const over = new AbortController()
    const reading = readUntil(releases, over.signal)
    await once(victim!.child.stdout, 'data')
    victim!.child.kill('SIGKILL')
    const ended = await Promise.all(racers.map(({ end }) => end))
    over.abort()
    expect(await reading).toBeGreaterThan(0)
    expect(ended).toEqual([0, 0, 'SIGKILL'])

    // Finishes what the victim may have begun.
    await (await releases.publisher({ doing: 'publish' }))[Symbol.asyncDispose]()
    const { entries } = await releases.history()
    expect(entries.map(({ number }) => number)).toEqual(entries.map((_, index) => entries.length - index))
    for (const [index, entry] of entries.entries()) expect(entry.basedOn).toBe(entries[index + 1]?.release ?? null)
    for (const name of ['alice', 'bob']) {
      const reasons = entries.filter(({ author }) => author === name).map(({ reason }) => Number(reason))
      expect(reasons.toReversed()).toEqual(Array.from({ length: EACH }, (_, index) => index))
    }
    expect(await releases.live()).toBe(entries[0]?.release)
    expect((await readdir(folder)).toSorted()).toEqual(['.live', 'releases'])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

function race(folder: string, name: string) {
  const child = spawn(process.execPath, [SCRIPT, folder, name, String(EACH)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const end = once(child, 'exit').then(([code, signal]: unknown[]) => code ?? signal)
  return { child, end }
}

async function readUntil(releases: Releases, over: AbortSignal): Promise<number> {
  let reads = 0
  while (!over.aborted) {
    const live = await releases.live()
    if (live !== null) {
      const { files, problems } = await releases.tree(live)
      expect(problems).toEqual([])
      expect(releaseHash(files)).toBe(live)
      reads++
    }
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  return reads
}
