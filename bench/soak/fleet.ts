import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Lab } from '#cli/lab'
import { messageOf } from '#node/kit'

const run = promisify(execFile)
const POLL_MS = 500

export interface Status {
  readonly state: string
  readonly release: string | null
  readonly heads: readonly { readonly commit: string; readonly bolt: string }[]
}

export interface Entry {
  readonly number: number
  readonly release: string
}

/** A lab in spanner mode whose machines are killed and cut off, with the commands that operators type. */
export class SoakFleet {
  readonly lab: Lab
  readonly bolts: readonly string[]
  readonly envoys: readonly string[]
  readonly #dead = new Set<string>()
  #texts = 0

  private constructor(lab: Lab) {
    this.lab = lab
    this.bolts = lab.nodes.filter(({ role }) => role === 'server').map(({ name }) => name)
    this.envoys = lab.nodes.filter(({ role }) => role === 'envoy').map(({ name }) => name)
  }

  static async up(folder: string, size: { servers: number; envoys: number }, signal: AbortSignal): Promise<SoakFleet> {
    const lab = await Lab.up(folder, { ...size, isCuttable: true, signal })
    const fleet = new SoakFleet(lab)
    await lab.run('server', 'vigocli', ['spanner', 'init'], { signal })
    return fleet
  }

  get living(): readonly string[] {
    return this.bolts.filter(bolt => !this.#dead.has(bolt))
  }

  get dead(): readonly string[] {
    return [...this.#dead]
  }

  /** Publishes something new from a bolt. Null where that was refused, as it is while the stacks have diverged. */
  async publish(bolt: string, signal: AbortSignal): Promise<{ release: string; text: string } | null> {
    const text = `number ${++this.#texts}`
    try {
      await this.lab.run(bolt, 'vigocli', ['config', 'pull'], { signal }).catch(() => undefined)
      await this.#write(bolt, text)
      const args = ['config', 'publish', '--overwrite', '--wait', 'one', '--reason', text, '--json']
      const { entry } = JSON.parse(await this.lab.run(bolt, 'vigocli', args, { signal })) as { entry: Entry }
      return { release: entry.release, text }
    } catch (error) {
      signal.throwIfAborted()
      process.stderr.write(`  ${bolt} publishes nothing: ${messageOf(error).slice(0, 200)}\n`)
      return null
    }
  }

  async kill(node: string): Promise<void> {
    await this.lab.kill(node, 'SIGKILL')
    this.#dead.add(node)
  }

  async start(node: string): Promise<void> {
    await this.lab.start(node)
    this.#dead.delete(node)
  }

  async status(bolt: string, signal: AbortSignal): Promise<Status> {
    // It ends with a failure while not everybody follows.
    const { stdout } = await run(bin('vigocli'), ['spanner', 'status', '--json'], {
      env: this.lab.environment(this.lab.node(bolt)),
      signal,
      timeout: 60_000,
    }).catch((error: { stdout?: string }) => ({ stdout: error.stdout ?? '{}' }))
    return JSON.parse(stdout) as Status
  }

  async resolve(bolt: string, commit: string, signal: AbortSignal): Promise<void> {
    await this.lab.run(bolt, 'vigocli', ['spanner', 'resolve', '--take', commit, '--yes'], { signal })
  }

  async history(bolt: string, signal: AbortSignal): Promise<readonly Entry[]> {
    const output = await this.lab.run(bolt, 'vigocli', ['config', 'history', '--limit', '100000', '--json'], { signal })
    return (JSON.parse(output) as { entries: Entry[] }).entries
  }

  /** The release that `.live` of a bolt leads to. */
  async live(bolt: string): Promise<string> {
    return basename(await readlink(join(this.lab.node(bolt).root, 'srv/vigo/.live')))
  }

  async motd(envoy: string): Promise<string> {
    return (await readFile(join(this.lab.node(envoy).root, 'etc/motd'), 'utf8').catch(() => '')).trim()
  }

  /** @throws with git's words */
  async fsck(bolt: string, signal: AbortSignal): Promise<void> {
    const folder = join(this.lab.node(bolt).root, 'var/lib/vigo/swarm/gitback/projects')
    for (const name of await readdir(folder)) {
      await run('git', ['--git-dir', join(folder, name), 'fsck', '--full', '--strict'], { signal })
    }
  }

  /** Resident bytes of each daemon that runs. */
  async residents(): Promise<ReadonlyMap<string, { pid: number; bytes: number }>> {
    const residents = new Map<string, { pid: number; bytes: number }>()
    for (const { name, process: process_ } of this.lab.nodes) {
      if (process_ === null) continue
      const status = await readFile(`/proc/${process_.pid}/status`, 'utf8').catch(() => '')
      const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]
      if (kib !== undefined) residents.set(name, { pid: process_.pid, bytes: Number(kib) * 1024 })
    }
    return residents
  }

  async #write(bolt: string, text: string): Promise<void> {
    const crate = `name: motd\nresources:\n  - name: motd\n    type: file\n    target_path: /etc/motd\n    content: "${text}"\n    owner: root\n    group: root\n    mode: "0644"\n`
    const files = {
      'configcrates/motd.vgo': crate,
      'envoys.vgo': "envoys:\n  - match: '*'\n    configcrates: [motd]\n",
    }
    for (const [path, content] of Object.entries(files)) {
      const target = join(this.lab.node(bolt).root, 'srv/vigo/stacks', path)
      await mkdir(dirname(target), { recursive: true })
      await writeFile(target, content)
      // What a pull puts beside a file that was changed on both sides: it is decided now.
      await rm(`${target}.published`, { force: true })
    }
  }
}

/** @throws Error after `timeoutMs` */
export async function until(
  what: string,
  isSo: () => Promise<boolean>,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await isSo())) {
    signal.throwIfAborted()
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs / 1000} s in vain until ${what}`)
    await sleep(POLL_MS, undefined, { signal })
  }
}

function bin(program: string): string {
  return join(import.meta.dirname, '../../cli/bin', program)
}
