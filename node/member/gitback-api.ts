import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { findProject, isAtLeast, type Project, ProjectError, readRefUpdate, readSeat } from '#gitback/project'
import { folderBytes } from '#gitback/repo'
import type { gitbackRoutes, ProjectDetails, ProjectRow, RefRow } from '#node/api'
import type { Handlers, UnixUser } from '#node/api/server'
import { publicKeyOf } from '#node/host'
import { codeOf, fromHex, isHex, toHex } from '#node/kit'
import { assemble } from '#swarm/record'
import type { Member } from './member.ts'
import { peerIdOfMember } from './neighbours.ts'
import type { PuddleUsers } from './puddle-users.ts'

/** Projects for people and programs of this machine. Who may call was decided before; who may write, signatures decide. */
export function gitbackHandlers(member: Member, users: PuddleUsers): Handlers<typeof gitbackRoutes, UnixUser | null> {
  const { projects, replicator, replication, fleetId, clock, host } = member
  const self = toHex(publicKeyOf(host.peerId))
  const encoder = new TextEncoder()
  return {
    projects: async ({ signal }) => ({ projects: await projectRows(member, { signal }) }),
    project: async ({ body, signal }) => await projectDetails(member, body.reference, body.puddle ?? null, { signal }),
    statementBase: async ({ body: { project, subject, issuer } }) => ({
      fleet: fleetId,
      now: clock.now(),
      peer: self,
      membershipSerial: projects.nextSerial(project, subject),
      seatSerial: (projects.seat(project, issuer, self)?.serial ?? 0) + 1,
    }),
    state: async ({ body, user }) => {
      const record = assemble(body.kind, encoder.encode(body.body), fromHex(body.signature))
      const outcome = await projects.offer(record, { sync: true })
      if (outcome === 'held') {
        throw new ProjectError(
          'not-a-member',
          'the statement is not yours to make: only the founder names admins, and only admins name others; see vigo swarm gitback project status',
        )
      }
      if (outcome === 'outdated') throw new ProjectError('exists', 'something newer is known already; try again')
      if (record.kind === 'seat' && outcome === 'new' && user !== null)
        await users.note(user.uid, readSeat(record).member)
      await replication.publish('refs', record)
      return { hash: record.hash }
    },
    sendObjects: async ({ body, user, upload, signal }) => {
      await requireWriter(body.project, { user, users, projects })
      if (upload === null) throw new ProjectError('unknown-project', 'an upload needs bytes')
      await replicator.receive(body.project, body.tips.split(','), upload.bytes, { signal })
      return {}
    },
    draftUpdate: async ({ body: { project, ref, to, signer, ends = 'seen' }, signal }) => ({
      fleet: fleetId,
      body: JSON.stringify(sortedKeys(await replicator.draft(project, { ref, to, signer, ends }, { signal }))),
    }),
    update: async ({ body, signal }) => {
      const record = assemble('ref-update', encoder.encode(body.body), fromHex(body.signature))
      await replicator.submit(readRefUpdate(record), record, { signal })
      return { hash: record.hash }
    },
    collect: async ({ body }) => ({ removed: await collectOrphans(member, body.dryRun) }),
  }
}

/** Projects that this machine knows of. */
export async function projectRows(member: Member, { signal }: { signal: AbortSignal }): Promise<ProjectRow[]> {
  return await Promise.all(member.projects.all().map(project => rowOf(project, member, signal)))
}

/** One project: members, machines, refs and their heads. @throws ProjectError 'unknown-project', 'ambiguous-project' */
export async function projectDetails(
  member: Member,
  reference: string,
  ownPuddle: string | null,
  { signal }: { signal: AbortSignal },
): Promise<ProjectDetails> {
  return await detailsOf(projectOf(member, reference, ownPuddle), member, signal)
}

export function projectOf(member: Member, reference: string, ownPuddle: string | null): Project {
  return findProject(reference, {
    projects: member.projects,
    resolveName: name => member.directory.resolve(name),
    olderKeys: key => member.directory.olderKeys(key),
    ownPuddle,
  })
}

async function rowOf(project: Project, member: Member, signal: AbortSignal): Promise<ProjectRow> {
  const { projects, directory, replicator } = member
  const refs = replicator.isHeld(project.id) ? await replicator.status(project.id, { signal }) : []
  return {
    id: project.id,
    handle: project.handle,
    founder: project.founder,
    founderName: directory.nameOf(project.founder),
    policy: project.policy,
    members: projects.members(project.id).length,
    seats: new Set(projects.seats(project.id).map(({ peer }) => peer)).size,
    isHeldHere: replicator.isHeld(project.id),
    diverged: refs.filter(({ state }) => state === 'diverged').length,
  }
}

async function detailsOf(project: Project, member: Member, signal: AbortSignal): Promise<ProjectDetails> {
  const { projects, directory, replicator, roster, host } = member
  const row = await rowOf(project, member, signal)
  const connected = new Set([host.peerId, ...host.peers()])
  return {
    ...row,
    memberRows: projects.members(project.id).map(({ key, level }) => ({ key, name: directory.nameOf(key), level })),
    seatRows: projects.seats(project.id).map(({ member: holder, peer }) => ({
      member: holder,
      peer,
      hostname: roster.member(peer)?.hostname ?? '',
      isConnected: connected.has(peerIdOfMember(peer)),
    })),
    refs: row.isHeldHere ? (await replicator.status(project.id, { signal })).map(refRow) : [],
    sizeBytes: row.isHeldHere ? await (await replicator.repository(project.id)).sizeBytes() : 0,
  }
}

function refRow({
  ref,
  commit,
  state,
  problem,
  heads,
}: Awaited<ReturnType<Member['replicator']['status']>>[number]): RefRow {
  return {
    ref,
    commit,
    state,
    problem,
    heads: heads.map(head => ({ commit: head.new, signer: head.signer, seq: head.seq, issuedAt: head.issuedAt })),
  }
}

/** Objects fill the disk before any signature is seen: only who has shown to be a writer may send some. */
async function requireWriter(
  project: string,
  { user, users, projects }: { user: UnixUser | null; users: PuddleUsers; projects: Member['projects'] },
): Promise<void> {
  if (user === null) throw new ProjectError('not-a-member', 'log in first')
  if (user.uid === 0 || user.uid === process.getuid?.()) return
  for (const { key, level } of projects.members(project)) {
    if (isAtLeast(level, 'write') && (await users.isOwner(user.uid, key))) return
  }
  throw new ProjectError(
    'not-a-member',
    `no puddle of uid ${user.uid} may write to project ${project.slice(0, 12)}; join it with vigo swarm gitback project join`,
  )
}

/** Repositories of projects without a seat here. */
async function collectOrphans(
  member: Member,
  isDryRun: boolean,
): Promise<{ id: string; handle: string; sizeBytes: number }[]> {
  const folder = join(member.layout.swarm, 'gitback', 'projects')
  const names = await readdir(folder).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  })
  const removed: { id: string; handle: string; sizeBytes: number }[] = []
  for (const name of names) {
    const id = name.replace(/\.git(?:\.new)?$/, '')
    if (!isHex(id, 32) || member.replicator.isHeld(id)) continue
    const sizeBytes = await folderBytes(join(folder, name))
    removed.push({ id, handle: member.projects.get(id)?.handle ?? '', sizeBytes })
    if (!isDryRun) await rm(join(folder, name), { recursive: true, force: true })
  }
  return removed
}

/** Canonical JSON of flat objects whose values are text, numbers and lists of text. */
function sortedKeys(value: object): object {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
