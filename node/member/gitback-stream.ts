import type { Duplex } from 'node:stream'
import { isAtLeast, ProjectError } from '#gitback/project'
import { ended, startGit } from '#gitback/repo'
import type { RawCall, RawStream } from '#node/api/server'
import { Deadline } from '#node/kit'
import { projectOf } from './gitback-api.ts'
import type { Member } from './member.ts'
import type { PuddleUsers } from './puddle-users.ts'

const FETCH_TIMEOUT_MS = 3_600_000
const SILENCE_S = 600

/**
 * `git fetch` and `git clone` of users of this machine: git's own upload-pack on the repository that the machine holds. `puddle` is the
 * caller's own key, as they showed when they joined.
 */
export function uploadPackStream(member: Member, users: PuddleUsers): RawStream {
  return { path: '/v1/gitback/upload-pack', caller: 'gitback', accept: call => serve(member, users, call) }
}

async function serve(member: Member, users: PuddleUsers, { query, user, open, signal: gone }: RawCall): Promise<void> {
  const puddle = query.get('puddle') ?? ''
  const project = projectOf(member, query.get('project') ?? '', puddle)
  const { projects, replicator } = member
  const isAdmin = user !== null && (user.uid === 0 || user.uid === process.getuid?.())
  const isTheirs = isAdmin || (user !== null && (await users.isOwner(user.uid, puddle)))
  if (!isTheirs || !isAtLeast(projects.standing(project.id, puddle), 'read')) {
    throw new ProjectError(
      'not-a-member',
      `your puddle may not read '${project.handle}' on this machine; when an admin has invited it, run vigo swarm gitback project join`,
    )
  }
  const { folder } = await replicator.repository(project.id)
  using deadline = new Deadline(FETCH_TIMEOUT_MS, 'a fetch', gone)
  const child = startGit(folder, ['upload-pack', '--strict', `--timeout=${SILENCE_S}`, folder])
  const { stdin, stdout, stderr } = child
  if (stdin === null || stdout === null) throw new TypeError('git has no input and output')
  stderr?.resume()
  stdin.on('error', () => undefined)
  const socket: Duplex = open()
  socket.pipe(stdin)
  stdout.pipe(socket, { end: false })
  try {
    await ended(child, deadline.signal)
  } finally {
    child.kill('SIGKILL')
  }
}
