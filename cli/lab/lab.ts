import { spawn } from 'node:child_process'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { delimiter, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ApiClient, agentRoutes, type MemberStatus } from '#node/api'
import { codeOf, layout, VigoError, writeFileAtomic } from '#node/kit'
import { SessionClient } from '#swarm/puddle/session'
import { isAlive, type ProcessId, startDetached, stopProcess } from './node-process.ts'

export class LabError extends VigoError<'usage' | 'not-found' | 'failed'> {}

export interface LabNode {
  readonly name: string
  readonly role: 'server' | 'envoy'
  readonly root: string
  readonly log: string
  readonly process: ProcessId | null
  /** REST and dashboard of a server. */
  readonly url?: string
}

/** Of a new lab. */
export interface LabSize {
  /** One when not given. */
  readonly servers?: number
  readonly envoys: number
}

export interface LabStart {
  readonly signal?: AbortSignal
  readonly onStep?: (step: string) => void
}

export interface LabNodeStatus {
  readonly name: string
  readonly role: 'server' | 'envoy'
  readonly root: string
  readonly log: string
  readonly state: 'running' | 'stopped'
  readonly pid: number | null
  readonly peer: string | null
  readonly addresses: readonly string[]
  /** Names of connected neighbours. */
  readonly peers: readonly string[]
}

const bin = fileURLToPath(new URL('../bin', import.meta.url))
const START_TIMEOUT_MS = 30_000
const STOP_TIMEOUT_MS = 20_000
const POLL_MS = 50
/** Short, so that convergence can be watched. */
const CHECKIN_INTERVAL = '5s'

/**
 * A fleet in a folder: servers and envoys as real processes on loopback, each with its own root, ports and identity.
 * The folder holds one root per node, its logs, and `lab.json`, which is how later commands find the processes.
 */
export class Lab {
  readonly folder: string
  #nodes: LabNode[]

  private constructor(folder: string, nodes: LabNode[]) {
    this.folder = folder
    this.#nodes = nodes
  }

  /** Opens the lab of a folder. @throws LabError 'not-found' */
  static async open(folder: string): Promise<Lab> {
    const path = resolve(folder)
    try {
      return new Lab(path, JSON.parse(await readFile(join(path, 'lab.json'), 'utf8')).nodes)
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
      throw new LabError('not-found', `there is no lab in ${path}; make one with vigo lab up --dir ${path}`)
    }
  }

  /**
   * Founds a fleet and starts it, or starts what is stopped of the lab that the folder has. `server` is the one that founded it; the
   * others are `server2`, `server3` …, `envoy1`, `envoy2` ….
   */
  static async up(folder: string, options: LabSize & LabStart): Promise<Lab> {
    const step = options.onStep ?? (() => undefined)
    const lab = await Lab.open(folder).catch((error: unknown) => {
      if (codeOf(error) === 'not-found') return new Lab(resolve(folder), [])
      throw error
    })
    try {
      if (lab.#nodes.length === 0) await lab.#found(options, step)
      else
        for (const node of lab.#nodes)
          if (node.process === null || !(await isAlive(node.process))) await lab.start(node.name)
      step('waiting until everybody knows everybody')
      await lab.settled(options.signal === undefined ? {} : { signal: options.signal })
      return lab
    } catch (error) {
      await lab.down()
      throw error
    }
  }

  get nodes(): readonly LabNode[] {
    return this.#nodes
  }

  node(name: string): LabNode {
    const found = this.#nodes.find(node => node.name === name)
    if (found !== undefined) return found
    throw new LabError(
      'not-found',
      `the lab has no node '${name}'; it has ${this.#nodes.map(node => node.name).join(', ')}`,
    )
  }

  async start(name: string): Promise<void> {
    const node = this.node(name)
    if (node.process !== null && (await isAlive(node.process))) return
    const [program, ...args] = node.role === 'server' ? ['vigosrv', 'run'] : ['vigo', 'agent', 'run']
    const process_ = await startDetached(join(bin, program ?? ''), args, { log: node.log, env: this.environment(node) })
    await this.#set({ ...node, process: process_ })
    await this.#ready(name)
  }

  /** Signals a node's daemon and waits until it is gone, unless the signal only stops it or lets it go on. */
  async kill(name: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const node = this.node(name)
    if (node.process === null || !(await isAlive(node.process))) {
      throw new LabError('failed', `${name} is not running; start it with vigo lab start ${name}`)
    }
    if (signal === 'SIGSTOP' || signal === 'SIGTSTP' || signal === 'SIGCONT') {
      process.kill(node.process.pid, signal)
      return
    }
    await stopProcess(node.process, signal, STOP_TIMEOUT_MS)
    await this.#set({ ...node, process: null })
  }

  /** Stops every process that the lab started: daemons and puddle sessions. With `purge` the folder goes too. */
  async down(options: { purge?: boolean } = {}): Promise<void> {
    await Promise.all(
      this.#nodes.map(async node => {
        await new SessionClient(layout(node.root).puddleSocket).lock().catch(() => undefined)
        if (node.process === null) return
        await stopProcess(node.process, 'SIGTERM', STOP_TIMEOUT_MS).catch(async () => {
          if (node.process !== null) await stopProcess(node.process, 'SIGKILL', STOP_TIMEOUT_MS)
        })
      }),
    )
    this.#nodes = this.#nodes.map(node => ({ ...node, process: null }))
    if (options.purge) await rm(this.folder, { recursive: true, force: true })
    else if (this.#nodes.length > 0) await this.#save()
  }

  /** What a command needs to act as this machine. */
  environment(node: LabNode): NodeJS.ProcessEnv {
    return { ...process.env, VIGO_ROOT: node.root, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` }
  }

  async status(): Promise<LabNodeStatus[]> {
    return Promise.all(
      this.#nodes.map(async ({ name, role, root, log, process: process_ }) => {
        const running = process_ !== null && (await isAlive(process_))
        const status = running ? await this.memberStatus(name).catch(() => null) : null
        return {
          name,
          role,
          root,
          log,
          state: running ? ('running' as const) : ('stopped' as const),
          pid: running ? process_.pid : null,
          peer: status?.peer ?? null,
          addresses: status?.addresses ?? [],
          peers: status?.peers.map(peer => peer.hostname).sort() ?? [],
        }
      }),
    )
  }

  async memberStatus(name: string): Promise<MemberStatus> {
    const client = new ApiClient(layout(this.node(name).root).socket('agent'), name)
    try {
      return await client.call(agentRoutes.status, {}, { signal: AbortSignal.timeout(5_000) })
    } finally {
      client.close()
    }
  }

  /** Resolves when every running node is connected to every other one (or to enough of a large lab). */
  async settled(options: { signal?: AbortSignal } = {}): Promise<void> {
    const deadline = performance.now() + START_TIMEOUT_MS
    for (;;) {
      options.signal?.throwIfAborted()
      const running = (await this.status()).filter(node => node.state === 'running')
      const enough = Math.min(running.length - 1, 8)
      const behind = running.filter(node => node.peers.length < enough)
      if (behind.length === 0) return
      if (performance.now() > deadline) {
        throw new LabError(
          'failed',
          `${behind.map(node => `${node.name} (${node.log})`).join(', ')} did not find the others in time`,
        )
      }
      await sleep(POLL_MS)
    }
  }

  /** Runs one of our programs on a node and returns what it printed. @throws LabError with its error output */
  async run(
    name: string,
    program: 'vigo' | 'vigosrv' | 'vigocli',
    args: readonly string[],
    options: { signal?: AbortSignal } = {},
  ): Promise<string> {
    const node = this.node(name)
    const child = spawn(join(bin, program), args, {
      env: this.environment(node),
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.signal && { signal: options.signal }),
    })
    const output = { stdout: '', stderr: '' }
    child.stdout.on('data', (data: Buffer) => {
      output.stdout += data.toString('utf8')
    })
    child.stderr.on('data', (data: Buffer) => {
      output.stderr += data.toString('utf8')
    })
    const { promise, resolve: done, reject } = Promise.withResolvers<number | null>()
    child.once('error', reject).once('close', done)
    const code = await promise
    if (code === 0) return output.stdout
    throw new LabError(
      'failed',
      `on ${name}, ${program} ${args.join(' ')} exited with ${code}: ${output.stderr.trim()}`,
      {
        context: { exitCode: code, stderr: output.stderr },
      },
    )
  }

  async #found({ servers = 1, envoys }: LabSize, step: (text: string) => void): Promise<void> {
    await mkdir(this.folder, { recursive: true })
    const ports = await freePorts(servers * 3 + envoys)
    const port = (): number => ports.pop() ?? 0
    const addServer = async (name: string, command: readonly string[]): Promise<void> => {
      const url = `http://127.0.0.1:${port()}`
      const listen = ['--listen', loopback(port()), '--enrol-listen', loopback(port()), '--api-listen', url]
      await this.#add(name, 'server', url)
      await this.run(name, 'vigosrv', [...command, '--hostname', name, '--no-mdns', ...listen])
      await this.start(name)
    }
    step('founding the fleet on server')
    await addServer('server', ['init', '--checkin-interval', CHECKIN_INTERVAL])
    for (let i = 2; i <= servers; i++) {
      step(`joining server${i}`)
      await addServer(`server${i}`, ['join', await this.#joinUrl('--role', 'bolt')])
    }
    const joinUrl = await this.#joinUrl('--ttl', '1h', '--uses', String(Math.max(1, envoys)))
    for (let i = 1; i <= envoys; i++) {
      const name = `envoy${i}`
      step(`enrolling ${name}`)
      await this.#add(name, 'envoy')
      await this.run(name, 'vigo', ['enroll', joinUrl, '--hostname', name, '--listen', loopback(port())])
      await this.start(name)
    }
  }

  async #joinUrl(...options: string[]): Promise<string> {
    return (await this.run('server', 'vigosrv', ['token', 'create', ...options])).trim()
  }

  async #ready(name: string): Promise<void> {
    const deadline = performance.now() + START_TIMEOUT_MS
    for (;;) {
      try {
        await this.memberStatus(name)
        return
      } catch (error) {
        const node = this.node(name)
        const gone = node.process === null || !(await isAlive(node.process))
        if (gone || performance.now() > deadline) {
          const log = await readFile(node.log, 'utf8').catch(() => '')
          throw new LabError(
            'failed',
            `${name} did not start: ${log.trim().split('\n').at(-1) ?? ''} (log: ${node.log})`,
            { cause: error },
          )
        }
        await sleep(POLL_MS)
      }
    }
  }

  async #add(name: string, role: LabNode['role'], url?: string): Promise<void> {
    const root = join(this.folder, name)
    await mkdir(root, { recursive: true })
    this.#nodes.push({ name, role, root, log: join(this.folder, `${name}.log`), process: null, ...(url && { url }) })
    await this.#save()
  }

  async #set(node: LabNode): Promise<void> {
    this.#nodes = this.#nodes.map(other => (other.name === node.name ? node : other))
    await this.#save()
  }

  async #save(): Promise<void> {
    await writeFileAtomic(
      join(this.folder, 'lab.json'),
      `${JSON.stringify({ format: 1, nodes: this.#nodes }, null, 2)}\n`,
    )
  }
}

function loopback(port: number): string {
  return `/ip4/127.0.0.1/tcp/${port}`
}

/** Ports of loopback that were free a moment ago; all are held at once so that none comes twice. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>((done, reject) => server.once('error', reject).listen(0, '127.0.0.1', done))
      return server
    }),
  )
  const ports = servers.map(server => (server.address() as { port: number }).port)
  await Promise.all(servers.map(server => new Promise(done => server.close(done))))
  return ports
}
