import type { Command } from 'commander'
import { layoutOf } from '#cli/shell'
import { type ApiClient, agentRoutes, type BodyOf, curatorRoutes, RemoteError } from '#node/api'
import { codeOf, toHex } from '#node/kit'
import { IdentityFiles, PuddleError, SessionClient } from '#swarm/puddle/session'

export type Change = BodyOf<typeof curatorRoutes.draft>['change']

const ATTEMPTS = 5

/** An unlocked puddle of the calling user. @throws PuddleError 'missing' or 'locked' */
export async function requirePuddle(command: Command): Promise<{ publicKey: string; session: SessionClient }> {
  const { puddle, puddleSocket } = layoutOf(command)
  const publicKey = await new IdentityFiles(puddle).publicKey()
  if (publicKey === null) {
    throw new PuddleError(
      'missing',
      'you have no puddle on this machine; run vigo swarm puddle init, or join to bring yours',
    )
  }
  const session = new SessionClient(puddleSocket)
  const status = await session.status()
  if (status === null) throw new PuddleError('locked', 'your puddle is locked; run vigo swarm puddle unlock')
  if (status.publicKey !== publicKey) {
    throw new PuddleError('locked', 'the open session holds another key; run vigo swarm puddle lock, then unlock')
  }
  return { publicKey, session }
}

/**
 * Refuses what is wrong with a name, version, tag, kind or target before the bytes travel. Whether a version that exists has the
 * same bytes shows only after that.
 */
export async function checkPush(
  client: ApiClient,
  puddle: { publicKey: string },
  name: string,
  change: Change,
): Promise<void> {
  try {
    await client.call(curatorRoutes.draft, { name, puddle: puddle.publicKey, change })
  } catch (error) {
    if (!(error instanceof RemoteError) || error.context['published'] === undefined) throw error
  }
}

/**
 * Carries out one change: the agent composes the entry, the puddle signs it, the agent verifies and spreads it. When somebody
 * else published in between it is composed again.
 */
export async function publishChange(
  client: ApiClient,
  puddle: { publicKey: string; session: SessionClient },
  name: string,
  change: Change,
): Promise<{ hash: string }> {
  for (let attempt = 1; ; attempt++) {
    const { body, fleet } = await client.call(curatorRoutes.draft, { name, puddle: puddle.publicKey, change })
    const signature = toHex(await puddle.session.sign('catalog-entry', fleet, body))
    try {
      return await client.call(agentRoutes.submit, { kind: 'catalog-entry', body, signature })
    } catch (error) {
      if (codeOf(error as RemoteError) !== 'changed' || attempt >= ATTEMPTS) throw error
    }
  }
}
