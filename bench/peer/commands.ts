import * as blobs from './blobs.ts'
import { bytesWritten, connect, connections, cpuSeconds, start, stop } from './life.ts'
import * as records from './records.ts'

const server = () => import('../fleet/server.ts')
const profiles = () => import('../fleet/profile.ts')
const envoys = () => import('../fleet/envoys.ts')

/** What a benchmark may ask of a peer. */
export const commands = {
  start,
  stop,
  connect,
  connections,
  bytesWritten,
  cpuSeconds,
  ...blobs,
  ...records,
  profile: lazily(profiles, 'profile'),
  heapSnapshot: lazily(profiles, 'heapSnapshot'),
  startServer: lazily(server, 'startServer'),
  publishNext: lazily(server, 'publishNext'),
  serverCounts: lazily(server, 'serverCounts'),
  usage: lazily(server, 'usage'),
  stopServer: lazily(server, 'stopServer'),
  connectEnvoys: lazily(envoys, 'connectEnvoys'),
  startLoops: lazily(envoys, 'startLoops'),
  stopLoops: lazily(envoys, 'stopLoops'),
  withRelease: lazily(envoys, 'withRelease'),
  closeEnvoys: lazily(envoys, 'closeEnvoys'),
}

export type Commands = typeof commands
export type CommandName = keyof Commands
export type Argument<K extends CommandName> = Parameters<Commands[K]>[0]
export type Answer<K extends CommandName> = Awaited<ReturnType<Commands[K]>>

/** Peers that do not need a module are not made larger by it. */
function lazily<M, K extends keyof M>(load: () => Promise<M>, name: K): M[K] {
  const call = async (argument: unknown): Promise<unknown> => {
    const command = (await load())[name] as (argument: unknown) => Promise<unknown>
    return await command(argument)
  }
  return call as M[K]
}
