import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Level } from 'level'
import { artifactId, Catalog, draftEntry, entryBody, type PlatformBlob } from '#curator/catalog'
import { Shelf } from '#curator/transfer'
import { silentLogger, systemClock, toHex } from '#node/kit'
import { PuddleDirectory, signNameClaim } from '#swarm/puddle'
import { IdentityFiles } from '#swarm/puddle/session'
import { signerFromSeed, signRecord } from '#swarm/record'
import { JoinTokens, Roster, signAdmission, signRevocation } from '#swarm/roster'
import { isScript } from '../../../swarm/store/crash/run-killed.ts'
import { createIdentity, readIdentity } from '../identity.ts'

const founder = signerFromSeed(new Uint8Array(32).fill(1))
export const fleetId = toHex(founder.publicKey)
const envoy = toHex(signerFromSeed(new Uint8Array(32).fill(2)).publicKey)
export const toolId = artifactId(fleetId, 'tool')

export interface State {
  readonly db: Level
  readonly roster: Roster
  readonly directory: PuddleDirectory
  readonly catalog: Catalog
  readonly tokens: JoinTokens
  readonly shelf: Shelf
  readonly puddle: IdentityFiles
}

export async function openState(folder: string): Promise<State> {
  const db = new Level(join(folder, 'db'))
  await db.open()
  const options = { db, fleetId, logger: silentLogger }
  const directory = await PuddleDirectory.open(options)
  const roster = await Roster.open(options)
  return {
    db,
    roster,
    directory,
    catalog: await Catalog.open({ ...options, clock: systemClock, successorOf: key => directory.successorOf(key) }),
    tokens: new JoinTokens({ db, clock: systemClock, roster, self: fleetId }),
    shelf: new Shelf({ folder: join(folder, 'artifacts'), logger: silentLogger }),
    puddle: new IdentityFiles(join(folder, 'puddle'), { name: 'argon2id', memoryKiB: 8192, passes: 1, lanes: 1 }),
  }
}

/** What a member writes beside blobs, each step acknowledged when it is durable. May be run again after any crash. */
export async function work(state: State, folder: string, acknowledge: (line: string) => void): Promise<void> {
  const { roster, directory, catalog, tokens, shelf, puddle } = state
  const identity = join(folder, 'node', 'identity.key')
  const seed = (await readIdentity(identity)) ?? (await createIdentity(identity))
  acknowledge(`identity ${toHex(seed)}`)

  const row = { peer: envoy, hostname: 'h', role: 'envoy', os: 'linux', arch: 'amd64', serial: 1, issuedAt: 1 } as const
  await roster.offer(await signAdmission(row, fleetId, founder), { sync: true })
  acknowledge('admitted')
  await roster.offer(await signRevocation({ peer: envoy, reason: '', issuedAt: 2 }, fleetId, founder), { sync: true })
  acknowledge('revoked')

  const { token, row: minted } = await tokens.create({ pattern: '*', role: 'envoy', ttlMs: 1e9, uses: 1 })
  acknowledge(`minted ${minted.id}`)
  await tokens.consume(token, { hostname: 'h', role: 'envoy' }, async () => undefined)
  acknowledge(`consumed ${minted.id}`)

  await directory.offer(
    await signNameClaim({ name: 'ops', puddle: fleetId, serial: 1, issuedAt: 1 }, fleetId, founder),
    { sync: true },
  )
  acknowledge('named')
  for (const version of ['1', '2', '3']) {
    const blob: PlatformBlob = {
      os: 'linux',
      arch: 'amd64',
      blobSha: version.repeat(64),
      sizeBytes: 3,
      chunks: 'cd'.repeat(32),
    }
    const change = { type: 'push', kind: null, version, blob, tags: ['latest'], target: null } as const
    const context = {
      name: 'tool',
      founder: fleetId,
      signer: fleetId,
      delegations: [],
      writer: '0'.repeat(16),
      now: Date.now(),
    }
    const entry = draftEntry(catalog.get(toolId), change, context)
    await catalog.offer(await signRecord('catalog-entry', entryBody(entry), fleetId, founder), { sync: true })
    acknowledge(`published ${version}`)
    const path = shelf.path(toolId, 'tool', version, blob)
    await shelf.prepare(path)
    await writeFile(path, 'abc')
    const item = {
      artifact: toolId,
      name: 'tool',
      version,
      platform: 'linux-amd64',
      blobSha: blob.blobSha,
      sizeBytes: 3,
      path,
      pulledAt: 1,
    }
    await shelf.record(item, ['latest'])
    acknowledge(`shelved ${version}`)
  }

  await mkdir(folder, { recursive: true })
  if ((await puddle.publicKey()) === null) await puddle.create('first passphrase')
  acknowledge('puddle')
  const isFirst = await puddle.unlock('first passphrase').then(
    () => true,
    () => false,
  )
  if (isFirst) await puddle.rotatePassphrase('first passphrase', 'second passphrase')
  acknowledge('rotated')
  const { next } = await puddle.prepareNext('second passphrase')
  acknowledge(`next ${toHex(signerFromSeed(next).publicKey)}`)
  await puddle.adoptNext()
  acknowledge('rekeyed')
}

if (isScript(import.meta.url)) {
  const folder = process.argv[2] ?? ''
  const state = await openState(folder)
  await work(state, folder, line => console.log(line))
  await state.db.close()
}
