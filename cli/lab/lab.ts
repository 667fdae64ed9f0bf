import { mkdir, readFile, rm } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { MemberStatus } from '#node/api'
import { codeOf, layout } from '#node/kit'
import { SessionClient } from '#swarm/puddle/session'
import { LabError } from './errors.ts'
import { freePorts } from './free-ports.ts'
import { readLabFile, writeLabFile } from './lab-file.ts'
import { type LabNode, type LabNodeStatus, memberStatusOf, nodeStatusOf } from './lab-node.ts'
import { inside, LabNetwork, newTag, type Place } from './network.ts'
import { isAlive, runToEnd, startDetached, stopProcess } from './node-process.ts'

/** Of a new lab. */
export interface LabSize {
  /** One when not given. */
  readonly servers?: number
  readonly envoys: number
  /** Each machine in a network namespace of its own, so that the network can be cut (takes root and iproute2). */
  readonly isCuttable?: boolean
}

export interface LabStart {
  readonly signal?: AbortSignal
  readonly onStep?: (step: string) => void
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
  #network: LabNetwork | null

  private constructor(folder: string, nodes: LabNode[], network: string | null) {
    this.folder = folder
    this.#nodes = nodes
    this.#network = network === null ? null : new LabNetwork(network)
  }

  /** Opens the lab of a folder. @throws LabError 'not-found' */
  static async open(folder: string): Promise<Lab> {
    const path = resolve(folder)
    const { nodes, network } = await readLabFile(path)
    return new Lab(path, nodes, network)
  }

  /**
   * Founds a fleet and starts it, or starts what is stopped of the lab that the folder has. `server` is the one that founded it; the
   * others are `server2`, `server3` …, `envoy1`, `envoy2` ….
   */
  static async up(folder: string, options: LabSize & LabStart): Promise<Lab> {
    const step = options.onStep ?? (() => undefined)
    const lab = await Lab.open(folder).catch((error: unknown) => {
      if (codeOf(error) === 'not-found') return new Lab(resolve(folder), [], null)
      throw error
    })
    try {
      const isNew = lab.#nodes.length === 0
      if (isNew && options.isCuttable === true) lab.#network = new LabNetwork(newTag())
      await lab.#network?.create()
      if (isNew) await lab.#found(options, step)
      else await lab.#startAgain()
      step('waiting until everybody knows everybody')
      await lab.settled(options.signal === undefined ? {} : { signal: options.signal })
      return lab
    } catch (error) {
      await lab.down()
      throw error
    }
  }

  /**
   * Cuts the network: machines of different groups do not reach each other from now on; those that no group names are alone together.
   * Nobody is told. @throws LabError 'usage' for a lab whose network cannot be cut, 'not-found'
   */
  async cut(groups: readonly (readonly string[])[]): Promise<void> {
    const named = groups.map(group => group.map(name => this.node(name)))
    const others = this.#nodes.filter(node => !named.flat().includes(node))
    await this.#requireNetwork().cut([...named, others].map(placesOf))
  }

  /** Everybody reaches everybody again. @throws LabError 'usage' */
  async heal(): Promise<void> {
    await this.#requireNetwork().heal(placesOf(this.#nodes))
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
    const [command, parameters] = inside(node.place, join(bin, program ?? ''), args)
    const process_ = await startDetached(command, parameters, { log: node.log, env: this.environment(node) })
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
    await this.#network?.remove()
    if (options.purge) await rm(this.folder, { recursive: true, force: true })
    else if (this.#nodes.length > 0) await this.#save()
  }

  /** What a command needs to act as this machine. */
  environment(node: LabNode): NodeJS.ProcessEnv {
    return { ...process.env, VIGO_ROOT: node.root, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` }
  }

  async status(): Promise<LabNodeStatus[]> {
    return Promise.all(this.#nodes.map(nodeStatusOf))
  }

  async memberStatus(name: string): Promise<MemberStatus> {
    return await memberStatusOf(this.node(name))
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
    const [command, parameters] = inside(node.place, join(bin, program), args)
    const env = this.environment(node)
    const { code, stdout, stderr } = await runToEnd(command, parameters, { ...options, env })
    if (code === 0) return stdout
    throw new LabError('failed', `on ${name}, ${program} ${args.join(' ')} exited with ${code}: ${stderr.trim()}`, {
      context: { exitCode: code, stderr },
    })
  }

  async #found({ servers = 1, envoys }: LabSize, step: (text: string) => void): Promise<void> {
    await mkdir(this.folder, { recursive: true })
    const ports = await freePorts(servers * 3 + envoys)
    const port = (): number => ports.pop() ?? 0
    const addServer = async (name: string, command: readonly string[]): Promise<void> => {
      const url = `http://127.0.0.1:${port()}`
      const place = await this.#add(name, 'server', url)
      const listen = ['--listen', at(place, port()), '--enrol-listen', at(place, port()), '--api-listen', url]
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
      const place = await this.#add(name, 'envoy')
      await this.run(name, 'vigo', ['enroll', joinUrl, '--hostname', name, '--listen', at(place, port())])
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

  async #add(name: string, role: LabNode['role'], url?: string): Promise<Place | undefined> {
    const root = join(this.folder, name)
    await mkdir(root, { recursive: true })
    const place = await this.#network?.plug(this.#nodes.length)
    const log = join(this.folder, `${name}.log`)
    this.#nodes.push({ name, role, root, log, process: null, ...(url && { url }), ...(place && { place }) })
    await this.#save()
    return place
  }

  async #startAgain(): Promise<void> {
    for (const index of this.#nodes.keys()) await this.#network?.plug(index)
    for (const node of this.#nodes) {
      if (node.process === null || !(await isAlive(node.process))) await this.start(node.name)
    }
  }

  #requireNetwork(): LabNetwork {
    if (this.#network !== null) return this.#network
    throw new LabError('usage', 'the machines of this lab share one loopback; make one with vigo lab up --cuttable')
  }

  async #set(node: LabNode): Promise<void> {
    this.#nodes = this.#nodes.map(other => (other.name === node.name ? node : other))
    await this.#save()
  }

  async #save(): Promise<void> {
    await writeLabFile(this.folder, { nodes: this.#nodes, network: this.#network?.tag ?? null })
  }
}

/** On loopback without a place of its own. */
function at(place: Place | undefined, port: number): string {
  return `/ip4/${place?.address ?? '127.0.0.1'}/tcp/${port}`
}

function placesOf(nodes: readonly LabNode[]): Place[] {
  return nodes.flatMap(({ place }) => (place === undefined ? [] : [place]))
}
