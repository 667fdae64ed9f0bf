import { TestClock, TestFolder, treeFiles } from './fixture.ts'
import { releasePlaces } from './places.ts'
import type { AlreadyLive, Released } from './publisher.ts'
import { releaseHash } from './release-hash.ts'
import { Releases } from './releases.ts'

/* Three trees and what is done with them, for tests. */

export const COUNTS = { configcrates: 1, roles: 2, envoyEntries: 3 }
export const A = { 'configcrates/motd.vgo': 'name: motd\n', 'roles.vgo': 'a\n' }
export const B = { 'configcrates/motd.vgo': 'name: motd\n', 'roles.vgo': 'b\n' }
export const C = { 'configcrates/sshd.vgo': 'name: sshd\n', 'roles.vgo': 'b\n' }

export type Files = Readonly<Record<string, string>>

export function hashOf(files: Files): string {
  return releaseHash(treeFiles(files))
}

export async function setUp(keep = 20): Promise<{ folder: TestFolder; clock: TestClock; releases: Releases }> {
  const folder = await TestFolder.create()
  const clock = new TestClock()
  return { folder, clock, releases: new Releases({ places: releasePlaces(folder.path), clock, keep }) }
}

export async function publish(releases: Releases, files: Files, reason = ''): Promise<Released | AlreadyLive> {
  await using publisher = await releases.publisher({ doing: 'publish', waitMs: 0 })
  return await publisher.publish({ files: treeFiles(files), counts: COUNTS, author: 'alice', reason })
}

export async function rollback(releases: Releases, to?: string, evenIfFrozen = false): Promise<Released> {
  await using publisher = await releases.publisher({ doing: 'rollback', waitMs: 0 })
  return await publisher.rollback({ to, author: 'bob', reason: 'it broke', evenIfFrozen })
}

export async function liveFiles(releases: Releases): Promise<Files> {
  const live = await releases.live()
  const { files } = await releases.tree(live!)
  return Object.fromEntries(files.map(({ path, bytes }) => [path, Buffer.from(bytes).toString()]))
}
