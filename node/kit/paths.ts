import { createHash } from 'node:crypto'
import { homedir, tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

/** Linux' `sun_path` holds 108 bytes with its final NUL. */
const MAX_SOCKET_PATH = 107

/** Every path of one machine, below `root` (`/` on a real one; `--root` or `VIGO_ROOT` for several on one host). */
export interface Layout {
  readonly root: string
  readonly sandboxed: boolean
  readonly etc: string
  readonly serverYaml: string
  readonly agentYaml: string
  readonly state: string
  readonly identityKey: string
  readonly addressBook: string
  readonly db: string
  /** Blobs, partial blobs, gitback projects. */
  readonly swarm: string
  readonly artifacts: string
  readonly usercratePolicy: string
  /** What the agent has to apply, has applied and has to report. */
  readonly envoy: string
  readonly run: string
  socket(name: 'agent' | 'curator' | 'vigosrv' | 'gitback'): string
  /** The calling user's own: `~/.vigo-puddle` and the session socket. */
  readonly puddle: string
  readonly puddleSocket: string
}

export function layout(root: string): Layout {
  const sandboxed = root !== '/'
  const state = join(root, 'var/lib/vigo')
  const run = join(root, 'var/run/vigo')
  const user = userInfo()
  const runtime = sandboxed
    ? join(root, 'run/user', String(user.uid))
    : (process.env['XDG_RUNTIME_DIR'] ?? join('/run/user', String(user.uid)))
  return {
    root,
    sandboxed,
    etc: join(root, 'etc/vigo'),
    serverYaml: join(root, 'etc/vigo/server.yaml'),
    agentYaml: join(root, 'etc/vigo/agent.yaml'),
    state,
    identityKey: join(state, 'node/identity.key'),
    addressBook: join(state, 'node/addresses.json'),
    db: join(state, 'db'),
    swarm: join(state, 'swarm'),
    artifacts: join(state, 'artifacts'),
    usercratePolicy: join(state, 'usercrate-policy'),
    envoy: join(state, 'envoy'),
    run,
    socket: name => socketPath(join(run, `${name}.sock`)),
    puddle: sandboxed ? join(root, homedir(), '.vigo-puddle') : join(homedir(), '.vigo-puddle'),
    puddleSocket: socketPath(join(runtime, 'vigo', 'puddle.sock')),
  }
}

/** The path itself, or, where the kernel could not bind it, a short one derived from it below the temporary folder. */
function socketPath(path: string): string {
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH) return path
  const name = createHash('sha256').update(path).digest('hex').slice(0, 24)
  return join(tmpdir(), `vigo-${userInfo().uid}`, `${name}.sock`)
}
