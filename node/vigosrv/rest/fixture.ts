import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ApiClient, type Role, serverRoutes } from '#node/api'
import { askOne, dialOnce, identityFromSeed, peerIdOf } from '#node/host'
import { fromHex, hostPlatform, type Layout, type Logger, layout, silentLogger, toHex } from '#node/kit'
import { initServer, startVigosrv, type Vigosrv } from '#node/vigosrv'
import { newSeed } from '#swarm/record'
import { enrolProtocol, joinMultiaddr, parseJoinUrl } from '#swarm/roster'
import { ask } from '../http/fixture.ts'

export interface LogLine {
  readonly level: string
  readonly event: string
  readonly [field: string]: unknown
}

/** A whole server in a temporary folder, on ports of loopback that the system chose. */
export class TestServer implements AsyncDisposable {
  readonly layout: Layout
  readonly logged: LogLine[] = []
  /** On its socket, as its administrator. */
  readonly admin: ApiClient
  readonly #folder: string
  #server: Vigosrv | null = null
  #names = 0

  private constructor(folder: string) {
    this.#folder = folder
    this.layout = layout(join(folder, 'server'))
    this.admin = new ApiClient(this.layout.socket('vigosrv'), 'vigosrv')
  }

  static async start(): Promise<TestServer> {
    const server = new TestServer(await mkdtemp(join(tmpdir(), 'vr-')))
    const any = ['/ip4/127.0.0.1/tcp/0']
    await initServer({
      layout: server.layout,
      hostname: 'bolt',
      settings: {
        swarm: { listen: any, mdns: false },
        enrolment: { listen: any },
        api: { listen: ['https://127.0.0.1:0', 'http://127.0.0.1:0'] },
      },
    })
    await server.open()
    return server
  }

  async open(): Promise<void> {
    this.logged.length = 0
    this.#server = await startVigosrv({ layout: this.layout, version: '1.0.0-test', logger: this.#logger({}) })
  }

  async stop(): Promise<void> {
    await this.#server?.close()
    this.#server = null
  }

  async reload(): Promise<void> {
    await this.#server?.reload()
  }

  /** `https` first. */
  get origins(): string[] {
    return this.logged.filter(({ event }) => event === 'api-open').map(line => String(line['url']))
  }

  get https(): string {
    return this.origins[0] ?? ''
  }

  get http(): string {
    return this.origins[1] ?? ''
  }

  async token(role: Role, ttlMs: number | null = null): Promise<{ token: string; id: string; name: string }> {
    const name = `${role}-${++this.#names}`
    const { token, row } = await this.admin.call(serverRoutes.createToken, { name, role, ttlMs })
    return { token, id: row.id, name }
  }

  /** Over HTTPS, as somebody who has the server's certificate. */
  async client(token: string): Promise<ApiClient> {
    const { pem } = await this.admin.call(serverRoutes.certificate, {})
    return new ApiClient({ url: new URL(this.https), token, ca: pem ?? '' }, 'the server')
  }

  /** Makes a machine a member, which then never comes. Answers its public key. */
  async enrol(hostname: string): Promise<string> {
    const { url } = await this.admin.call(serverRoutes.createJoinToken, { pattern: '*', ttlMs: 60_000, uses: 1 })
    const { addresses, bolt, token } = parseJoinUrl(url)
    const [address] = addresses
    if (address === undefined) throw new Error('the join URL has no address')
    const seed = newSeed()
    const response = await dialOnce(
      {
        privateKeySeed: seed,
        address: joinMultiaddr(address, peerIdOf(fromHex(bolt))),
        protocol: enrolProtocol.id,
        maxFrameBytes: enrolProtocol.maxResponseBytes,
      },
      stream => askOne(stream, enrolProtocol, { token, role: 'envoy', hostname, ...hostPlatform() }, {}),
    )
    if (!response.admitted) throw new Error(response.reason)
    return toHex(identityFromSeed(seed).publicKey)
  }

  /** Plain HTTP with a token. */
  ask(token: string, options: Parameters<typeof ask>[1] = {}): ReturnType<typeof ask> {
    return ask(this.http, { ...options, headers: { authorization: `Bearer ${token}`, ...options.headers } })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.admin.close()
    await this.stop()
    await rm(this.#folder, { recursive: true, force: true })
  }

  #logger(bound: object): Logger {
    const note =
      (level: string) =>
      (event: string, fields: object = {}): void => {
        this.logged.push({ ...bound, ...fields, level, event })
      }
    return {
      ...silentLogger,
      debug: note('debug'),
      info: note('info'),
      warn: note('warn'),
      error: note('error'),
      child: fields => this.#logger({ ...bound, ...fields }),
    }
  }
}
