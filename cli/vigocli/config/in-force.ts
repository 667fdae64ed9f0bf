import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { layoutOf, paint, type StatusLine } from '#cli/shell'
import { configHome, type ReleaseHash, shortHash } from '#config/store'
import type { ApiClient, ConfigVersion } from '#node/api'
import { exitCodes } from '#node/api/errors'
import { codeOf, Deadline, messageOf } from '#node/kit'
import { isRemote, withServer } from '../server/connection.ts'
import { placesOf } from './places.ts'
import { tellWarning } from './tell.ts'

/** How long a server may take until a release is in force. */
const WAIT_MS = 30_000
const POLL_MS = 250

/** Whether the server of this machine, or the one that was named, has a release in force. */
export type InForce =
  | { readonly state: 'in-force'; readonly version: number }
  /** No server runs here, or it has another folder. */
  | { readonly state: 'no-server' }
  /** The server keeps what it had. */
  | { readonly state: 'refused' | 'unknown'; readonly problem: string }

export interface WaitOptions {
  readonly signal: AbortSignal
  readonly line: StatusLine
}

/** Tells the server that something went live, and waits until it is in force there. Failures are part of the answer. */
export async function takeEffect(command: Command, release: ReleaseHash, options: WaitOptions): Promise<InForce> {
  const isOurs = isRemote(command) || placesOf(command).home === configHome(layoutOf(command).root)
  if (!isOurs) return { state: 'no-server' }
  try {
    return await withServer(command, client => load(client, release, options))
  } catch (error) {
    options.signal.throwIfAborted()
    if (codeOf(error) === 'not-running' && !isRemote(command)) return { state: 'no-server' }
    return { state: 'unknown', problem: messageOf(error) }
  } finally {
    options.line.clear()
  }
}

async function load(client: ApiClient, release: ReleaseHash, { signal, line }: WaitOptions): Promise<InForce> {
  const { serverRoutes } = await import('#node/api')
  using deadline = new Deadline(WAIT_MS, `until ${shortHash(release)} is in force`, signal)
  const call = { signal: deadline.signal }
  line.show('the server reads the release')
  let last: ConfigVersion = await client.call(serverRoutes.reloadConfig, {}, call)
  for (;;) {
    if (last.problem !== null) return { state: 'refused', problem: last.problem.message }
    if (last.release === release) return { state: 'in-force', version: last.version }
    line.show(`waiting until ${shortHash(release)} is in force; it is ${shown(last)} now`)
    try {
      await sleep(POLL_MS, undefined, call)
      last = await client.call(serverRoutes.configVersion, {}, call)
    } catch (error) {
      if (signal.aborted || !deadline.signal.aborted) throw error
      const problem = `after ${WAIT_MS / 1000} s the server still has ${shown(last)} in force; does it read the same folder?`
      return { state: 'refused', problem }
    }
  }
}

function shown({ release }: ConfigVersion): string {
  return release === null ? 'nothing' : shortHash(release)
}

/** What became of it, for people; sets the exit code where the server does not have it. */
export function tellInForce(result: InForce): void {
  switch (result.state) {
    case 'in-force':
      process.stderr.write(`${paint('dim', `In force as version ${result.version}.`, process.stderr)}\n`)
      return
    case 'no-server':
      process.stderr.write(`${paint('dim', 'No server runs here; it is in force when one does.', process.stderr)}\n`)
      return
    case 'refused':
    case 'unknown':
      tellWarning(`it is live on disk, but not in force: ${result.problem}. See vigocli doctor, then: vigosrv reload`)
      process.exitCode = exitCodes.failed
  }
}
