import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { ArtifactDetail } from '#node/api'
import { createHost, type Host } from '#node/host'
import { concatBytes, encodeBlock, fromHex, silentLogger } from '#node/kit'
import { topicName } from '#swarm/gossip'
import { assemble, encodeRecord, type SignedRecord, toCanonical } from '#swarm/record'
import { type Fleet, until } from './fixture.ts'

/** A peer of our own that speaks the fleet's protocols and keeps none of its rules. */
export async function secondParty(fleet: Fleet, options: { as?: string; of: readonly string[] }): Promise<Host> {
  const { fleet: fleetId } = await fleet.lab.memberStatus('envoy1')
  const host = await createHost({
    privateKeySeed: options.as === undefined ? new Uint8Array(randomBytes(32)) : await keyOf(fleet, options.as),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    fleetId,
    gate: () => true,
    dht: false,
    logger: silentLogger,
  })
  host.gossip.subscribe(topicName(fleetId, 'catalog'), async () => 'accept')
  for (const node of options.of) {
    const [address = ''] = (await fleet.lab.memberStatus(node)).addresses
    await host.connect(address, { signal: AbortSignal.timeout(10_000) }).catch(() => undefined)
  }
  return host
}

async function keyOf(fleet: Fleet, node: string): Promise<Uint8Array> {
  return fromHex((await readFile(fleet.state(node, 'node/identity.key'), 'utf8')).trim())
}

/** The signed entries of an artifact, as anybody who ever saw them can keep them. */
export async function entriesOf(fleet: Fleet, node: string, name: string): Promise<SignedRecord[]> {
  const { heads } = await fleet.json<ArtifactDetail>(node, 'swarm', 'curator', 'inspect', name)
  return heads.map(({ body, signature }) =>
    assemble('catalog-entry', toCanonical(body as Parameters<typeof toCanonical>[0]), fromHex(signature)),
  )
}

/** Gossips records as they are, to everybody who listens. */
export async function gossip(host: Host, fleetId: string, records: readonly SignedRecord[]): Promise<void> {
  const topic = topicName(fleetId, 'catalog')
  await until('all neighbours listen', () => {
    const listening = host.gossip.subscribers(topic).length
    return listening > 0 && listening >= host.peers().length
  })
  const items = records.map(record => concatBytes(Uint8Array.of(1), encodeBlock(encodeRecord(record))))
  await host.gossip.publish(topic, concatBytes(Uint8Array.of(1), ...items))
}
