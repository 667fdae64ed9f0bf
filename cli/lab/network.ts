import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { messageOf } from '#node/kit'
import { LabError } from './errors.ts'

const run = promisify(execFile)
const TIMEOUT_MS = 15_000
/** Of the networks that a lab is cut into at most. */
const MAX_PARTS = 8

/** Where one machine of the lab is on its network. */
export interface Place {
  /** Network namespace. */
  readonly namespace: string
  /** The outer end of its cable. */
  readonly cable: string
  readonly address: string
}

/** A switch for each part of a network that may be cut, in namespaces of the kernel: real packets, and nothing of it outside this machine. */
export class LabNetwork {
  /** Begins the names of everything; at most nine characters, since names of links have fifteen. */
  readonly tag: string
  readonly #subnet: string

  constructor(tag: string) {
    this.tag = tag
    const number = Number.parseInt(tag.slice(-4), 36) % 48_000
    this.#subnet = `10.${60 + Math.floor(number / 250)}.${number % 250}`
  }

  /** @throws LabError 'failed' where the kernel does not let us: it takes root, and `ip` of iproute2 */
  async create(): Promise<void> {
    if (await this.#exists(this.#switch(0))) return
    await this.#ip('link', 'add', this.#switch(0), 'type', 'bridge')
    await this.#ip('link', 'set', this.#switch(0), 'up')
  }

  /** The machine of this number; the same place each time. */
  async plug(index: number): Promise<Place> {
    const place = {
      namespace: `${this.tag}-${index}`,
      cable: `${this.tag}c${index}`,
      address: `${this.#subnet}.${index + 1}`,
    }
    const { namespace, cable, address } = place
    if (await this.#exists(cable)) return place
    await this.#ip('netns', 'add', namespace)
    await this.#ip('link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace)
    await this.#ip('link', 'set', cable, 'master', this.#switch(0), 'up')
    await this.#ip('-n', namespace, 'address', 'add', `${address}/24`, 'dev', 'eth0')
    await this.#ip('-n', namespace, 'link', 'set', 'eth0', 'up')
    await this.#ip('-n', namespace, 'link', 'set', 'lo', 'up')
    return place
  }

  /** From now on those of different groups do not hear of each other; nothing is told to anybody, as when a cable breaks. */
  async cut(groups: readonly (readonly Place[])[]): Promise<void> {
    if (groups.length > MAX_PARTS) throw new LabError('usage', `a network has at most ${MAX_PARTS} parts`)
    for (const [part, places] of groups.entries()) {
      if (part > 0 && !(await this.#exists(this.#switch(part)))) {
        await this.#ip('link', 'add', this.#switch(part), 'type', 'bridge')
        await this.#ip('link', 'set', this.#switch(part), 'up')
      }
      for (const { cable } of places) await this.#ip('link', 'set', cable, 'master', this.#switch(part))
    }
  }

  async heal(places: readonly Place[]): Promise<void> {
    await this.cut([places])
  }

  /** What is there of it, also after a lab that was killed. */
  async remove(): Promise<void> {
    const { stdout } = await run('ip', ['netns', 'list'], { timeout: TIMEOUT_MS })
    const names = stdout.split('\n').map(line => line.split(' ')[0] ?? '')
    for (const name of names) if (name.startsWith(`${this.tag}-`)) await this.#ip('netns', 'delete', name)
    for (let part = 0; part < MAX_PARTS; part++) {
      if (await this.#exists(this.#switch(part))) await this.#ip('link', 'delete', this.#switch(part))
    }
  }

  #switch(part: number): string {
    return `${this.tag}s${part}`
  }

  async #exists(link: string): Promise<boolean> {
    return await run('ip', ['link', 'show', link], { timeout: TIMEOUT_MS }).then(
      () => true,
      () => false,
    )
  }

  async #ip(...args: string[]): Promise<void> {
    try {
      await run('ip', args, { timeout: TIMEOUT_MS })
    } catch (error) {
      throw new LabError('failed', `ip ${args.join(' ')}: ${messageOf(error).split('\n').at(-2) ?? 'failed'}`, {
        cause: error,
      })
    }
  }
}

/** How a program is run in the namespace. */
export function inside(place: Place | undefined, program: string, args: readonly string[]): [string, string[]] {
  if (place === undefined) return [program, [...args]]
  return ['ip', ['netns', 'exec', place.namespace, program, ...args]]
}

export function newTag(): string {
  const random = Math.floor(Math.random() * 36 ** 4)
  return `vl${random.toString(36).padStart(4, '0')}`
}
