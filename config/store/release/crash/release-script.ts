import { isScript } from '../../../../swarm/store/crash/run-killed.ts'
import { treeFiles } from '../fixture.ts'
import { releasePlaces } from '../places.ts'
import { releaseHash } from '../release-hash.ts'
import { Releases } from '../releases.ts'

type Files = Readonly<Record<string, string>>

/** Publishes and rollbacks in order; each is named by what is live when it is done. */
export const TREES: Readonly<Record<'A' | 'B' | 'C' | 'D', Files>> = {
  A: { 'configcrates/motd.vgo': 'name: motd\n', 'roles.vgo': 'a\n' },
  B: { 'configcrates/motd.vgo': 'name: motd\n', 'roles.vgo': 'b\n', 'site/web/web.vgo': 'w\n' },
  C: { 'roles.vgo': 'c\n' },
  D: { 'configcrates/motd.vgo': 'name: motd\n', 'roles.vgo': 'd\n', 'site/app.vgo': 'x\n' },
}

export const HASHES = new Map(Object.entries(TREES).map(([name, files]) => [name, releaseHash(treeFiles(files))]))

/** What is live after each step, from its beginning on. */
export const STEPS = ['A', 'B', 'A', 'C', 'D'] as const

/** Keeps few releases, so that old ones are dropped on the way. */
export const openReleases = (folder: string): Releases => new Releases({ places: releasePlaces(folder), keep: 2 })

/** Five changes of what is live; the fourth drops an old release, of which the fifth is made. Each is acknowledged when it is durable. */
async function work(releases: Releases, acknowledge: (line: string) => void): Promise<void> {
  const who = { author: 'alice', reason: 'because' }
  for (const [index, name] of STEPS.entries()) {
    const isRollback = index === 2
    await using publisher = await releases.publisher({ doing: isRollback ? 'rollback' : 'publish' })
    const files = treeFiles(TREES[name])
    const sources = new Map(files.map(({ path, sha256 }) => [path, sha256]))
    const counts = { configcrates: 1, roles: 0, envoyEntries: 0 }
    if (isRollback) await publisher.rollback(who)
    else await publisher.publish({ ...who, files, counts, sources })
    acknowledge(`live ${index}`)
  }
}

if (isScript(import.meta.url)) {
  await work(openReleases(process.argv[2] ?? ''), line => console.log(line))
}
