import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { type PublishResult, publish, type ReleaseTarget, treeChecker } from '#config/publish'
import { configHome, type HistoryEntry, Releases, releasePlaces } from '#config/store'
import { ApiClient, encodeSnapshot, type SpannerStatus, serverRoutes } from '#node/api'
import { type Clock, type Layout, layout, silentLogger } from '#node/kit'
import type { ServerSettings } from '#node/member'
import { initServer, joinAsServer, startVigosrv, type Vigosrv } from '#node/vigosrv'
import type { Files } from '../policy/fixture.ts'

const DEADLINE_MS = 60_000
const POLL_MS = 25

/** One server of the fleet, in this process, on ports of loopback that the system chose. */
export class TestBolt {
  readonly name: string
  readonly layout: Layout
  readonly admin: ApiClient
  readonly releases: Releases
  #server: Vigosrv | null = null

  constructor(folder: string, name: string) {
    this.name = name
    this.layout = layout(join(folder, name))
    this.admin = new ApiClient(this.layout.socket('vigosrv'), name)
    this.releases = new Releases({ places: releasePlaces(configHome(this.layout.root)) })
  }

  async open(options: { clock?: Clock } = {}): Promise<void> {
    this.#server = await startVigosrv({ layout: this.layout, version: '1.0.0-test', logger: silentLogger, ...options })
  }

  async stop(): Promise<void> {
    await this.#server?.close()
    this.#server = null
  }

  status(): Promise<SpannerStatus> {
    return this.admin.call(serverRoutes.spannerStatus, {})
  }

  /** Through the whole pipeline, as `vigocli config publish` does it. `base`: where the sources are from; the newest where it is not given. */
  async publish(files: Files, options: { reason?: string; base?: string | undefined } = {}): Promise<PublishResult> {
    const { stacks } = this.releases.places
    await rm(stacks, { recursive: true, force: true })
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(stacks, path)), { recursive: true })
      await writeFile(join(stacks, path), text)
    }
    const { mode, head } = await this.status()
    const isShared = mode === 'spanner'
    const { reason = '', base = head ?? undefined } = options
    return await publish({
      releases: this.releases,
      checker: treeChecker(),
      author: 'tester',
      reason,
      ...(isShared ? { target: this.#target(reason, base) } : {}),
    })
  }

  async history(): Promise<readonly HistoryEntry[]> {
    return (await this.releases.history()).entries
  }

  #target(reason: string, base: string | undefined): ReleaseTarget {
    return {
      recovered: null,
      publish: async ({ files, sourceFiles }) => {
        const bytes = encodeSnapshot({ live: files, stacks: sourceFiles() })
        const answer = await this.admin.call(
          serverRoutes.spannerPublish,
          { reason, kind: 'publish', ...(base === undefined ? {} : { base }) },
          { upload: { stream: Readable.from([bytes]), sizeBytes: bytes.byteLength } },
        )
        if (answer.outcome === 'invalid') throw new Error(answer.diagnostics.map(({ message }) => message).join('\n'))
        if (answer.outcome === 'nothing-to-publish')
          return { outcome: 'already-live', release: answer.release, mended: [] }
        return { outcome: 'released', entry: answer.entry }
      },
    }
  }
}

/** Several servers of one fleet. The first one founded it. */
export class TestBolts implements AsyncDisposable {
  readonly #folder: string
  readonly bolts: TestBolt[] = []

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** The founder alone, standing alone. */
  static async found(): Promise<TestBolts> {
    const fleet = new TestBolts(await mkdtemp(join(tmpdir(), 'vs-')))
    const first = new TestBolt(fleet.#folder, 'bolt1')
    await initServer({ layout: first.layout, hostname: 'bolt1', settings: await settings() })
    await first.open()
    fleet.bolts.push(first)
    return fleet
  }

  /** Of which each has let the others in, in spanner mode. */
  static async up(count: number): Promise<TestBolts> {
    const fleet = await TestBolts.found()
    await fleet.first.admin.call(serverRoutes.spannerInit, {})
    for (let number = 2; number <= count; number++) await fleet.join()
    return fleet
  }

  get first(): TestBolt {
    return this.at(0)
  }

  at(index: number): TestBolt {
    const bolt = this.bolts[index]
    if (bolt === undefined) throw new Error(`there is no bolt ${index}`)
    return bolt
  }

  async join(): Promise<TestBolt> {
    const bolt = new TestBolt(this.#folder, `bolt${this.bolts.length + 1}`)
    const { url } = await this.first.admin.call(serverRoutes.createJoinToken, {
      role: 'bolt',
      pattern: '*',
      ttlMs: 60_000,
      uses: 1,
    })
    await joinAsServer({ layout: bolt.layout, joinUrl: url, hostname: bolt.name, settings: await settings() })
    await bolt.open()
    this.bolts.push(bolt)
    return bolt
  }

  /** Waits until every server that runs has this release in force. */
  async agree(release: string, bolts: readonly TestBolt[] = this.bolts): Promise<void> {
    await until(`everybody has ${release.slice(0, 12)}`, async () => {
      const statuses = await Promise.all(bolts.map(bolt => bolt.status()))
      return statuses.every(status => status.release === release)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const bolt of this.bolts) bolt.admin.close()
    await Promise.all(this.bolts.map(bolt => bolt.stop()))
    await rm(this.#folder, { recursive: true, force: true })
  }
}

/** @throws Error when nothing was published */
export function releaseOf(result: PublishResult): string {
  if (result.outcome !== 'published') throw new Error(`${result.outcome}: ${JSON.stringify(result.diagnostics)}`)
  return result.entry.release
}

/** Where a server keeps the stacks. */
export async function repositoryOf(bolt: TestBolt): Promise<string> {
  const { project } = await bolt.status()
  return join(bolt.layout.swarm, 'gitback/projects', `${project?.id}.git`)
}

export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`)
    await sleep(POLL_MS)
  }
}

/** A server that starts again must be where others look for it. */
async function settings(): Promise<Partial<ServerSettings>> {
  const listen = async (): Promise<string[]> => [`/ip4/127.0.0.1/tcp/${await freePort()}`]
  return { swarm: { listen: await listen(), mdns: false }, enrolment: { listen: await listen() }, api: { listen: [] } }
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
