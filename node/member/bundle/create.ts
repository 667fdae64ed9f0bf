import { descriptorOf } from '#curator/transfer'
import { NO_COMMIT } from '#gitback/project'
import { ErrorWords, ended, failure, startGit } from '#gitback/repo'
import { concatBytes } from '#node/kit'
import type { RecordSet } from '#swarm/gossip'
import type { Member } from '../member.ts'
import { BundleWriter, DATA_BYTES, type Head } from './format.ts'

/** Records as rows of the sets; the order is the one in which a fresh member can accept them. */
export function recordSets(member: Member): readonly RecordSet[] {
  return [member.roster, member.directory, member.catalog, member.projects]
}

const PACK_TIMEOUT_MS = 3_600_000

/** All that this machine has, or, with `since`, the blobs and commits that came after; records always all. */
export async function* createBundle(
  member: Member,
  options: { since: number; signal: AbortSignal },
): AsyncGenerator<Uint8Array> {
  const writer = new BundleWriter()
  const { since, signal } = options
  const totals = { records: 0, blobs: 0, projects: 0 }
  const head: Head = {
    fleet: member.fleetId,
    createdAt: member.clock.now(),
    since,
    hostname: member.self.hostname,
  }
  yield writer.frame('head', head)
  for (const set of recordSets(member)) {
    for (const row of set.table.rows()) {
      signal.throwIfAborted()
      const envelope = await set.table.load(row)
      if (envelope === null) continue
      yield writer.frame('record', concatBytes(topicText(set.topic), envelope))
      totals.records++
    }
  }
  for (const sha of await blobsSince(member, since)) {
    yield* blobFrames(member, sha, writer, signal)
    totals.blobs++
  }
  for (const { id } of member.projects.all()) {
    if (!member.replicator.isHeld(id)) continue
    yield* projectFrames(member, id, writer, options)
    totals.projects++
  }
  yield writer.end(totals)
}

function topicText(topic: string): Uint8Array {
  return concatBytes(Uint8Array.of(topic.length), new TextEncoder().encode(topic))
}

/** Complete blobs that an entry of the catalog names, sorted. */
async function blobsSince(member: Member, since: number): Promise<string[]> {
  const named = new Set<string>()
  for (const { view } of member.catalog.artifacts()) {
    if (view.tombstone) continue
    for (const blob of Object.values(view.versions).flat()) named.add(descriptorOf(blob).sha)
  }
  const blobs: string[] = []
  for await (const { sha, state, addedAt } of member.store.list()) {
    if (state === 'complete' && named.has(sha) && addedAt >= since) blobs.push(sha)
  }
  return blobs.sort()
}

async function* blobFrames(
  member: Member,
  sha: string,
  writer: BundleWriter,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  await using reader = await member.store.reader(sha)
  yield writer.frame('blob', { sha, sizeBytes: reader.sizeBytes })
  for (let at = 0; at < reader.sizeBytes; at += DATA_BYTES) {
    signal.throwIfAborted()
    yield writer.frame('data', await reader.read(at, Math.min(DATA_BYTES, reader.sizeBytes - at)))
  }
  yield writer.frame('endOfPart', new Uint8Array())
}

async function* projectFrames(
  member: Member,
  project: string,
  writer: BundleWriter,
  { since, signal }: { since: number; signal: AbortSignal },
): AsyncGenerator<Uint8Array> {
  const repository = await member.replicator.repository(project)
  const heads = member.projects.refs(project).flatMap(ref => member.projects.heads(project, ref))
  const tips: string[] = []
  for (const { new: commit } of heads) {
    if (commit !== NO_COMMIT && !tips.includes(commit) && (await repository.has(commit, { signal }))) tips.push(commit)
  }
  const older = since === 0 || tips.length === 0 ? [] : await repository.before(tips, since, { signal })
  yield writer.frame('project', { project, tips })
  if (tips.length > 0) {
    const lines = [...tips, ...older.map(commit => `^${commit}`), '']
    const args = ['pack-objects', '--quiet', '--revs', '--stdout', '--delta-base-offset']
    const child = startGit(repository.folder, args)
    const words = new ErrorWords(child)
    const exit = ended(child, AbortSignal.any([signal, AbortSignal.timeout(PACK_TIMEOUT_MS)]))
    exit.catch(() => undefined)
    child.stdin?.end(lines.join('\n'))
    for await (const part of child.stdout as AsyncIterable<Uint8Array>) yield writer.frame('data', part)
    const exitCode = await exit
    if (exitCode !== 0) throw failure(repository.folder, args, exitCode, words.text)
  }
  yield writer.frame('endOfPart', new Uint8Array())
}
