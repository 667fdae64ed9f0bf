import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { Lab, type LabSize } from '#cli/lab'
import type { Pulled } from '#node/api'

/** What a program printed and how it ended. */
export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly child: ChildProcess
  /** What it has printed so far. */
  readonly output: { stdout: string; stderr: string }
  readonly ended: Promise<Ran>
}

/** One log line of a daemon. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly event: string }

const COMMAND_TIMEOUT_MS = 90_000
const POLL_MS = 20

/** A lab below the temporary folder, and the commands that people type on its machines. */
export class Fleet {
  readonly lab: Lab
  readonly passphraseFile: string

  private constructor(lab: Lab, passphraseFile: string) {
    this.lab = lab
    this.passphraseFile = passphraseFile
  }

  /** `programs`: the lab of a build runs the programs of that build. */
  static async up(envoys: number, size: Omit<LabSize, 'envoys'> = {}, programs: typeof Lab = Lab): Promise<Fleet> {
    const folder = await mkdtemp(join(tmpdir(), 've-'))
    const lab = await programs.up(folder, { ...size, envoys }).catch(async (error: unknown) => {
      await rm(folder, { recursive: true, force: true })
      throw error
    })
    const passphraseFile = join(folder, 'passphrase')
    await writeFile(passphraseFile, 'correct horse battery\n')
    return new Fleet(lab, passphraseFile)
  }

  down(): Promise<void> {
    return this.lab.down({ purge: true })
  }

  path(...parts: string[]): string {
    return join(this.lab.folder, ...parts)
  }

  /** Where a machine keeps its state. */
  state(node: string, ...parts: string[]): string {
    return join(this.lab.node(node).root, 'var/lib/vigo', ...parts)
  }

  blobFile(node: string, sha: string): string {
    return this.state(node, 'swarm/blobs', sha.slice(0, 2), sha)
  }

  start(node: string, program: 'vigo' | 'vigosrv' | 'vigocli', args: readonly string[]): Running {
    const env = { ...this.lab.environment(this.lab.node(node)), VIGO_PUDDLE_PASSPHRASE_FILE: this.passphraseFile }
    return start(program, args, env)
  }

  vigo(node: string, ...args: string[]): Promise<Ran> {
    return this.start(node, 'vigo', args).ended
  }

  curator(node: string, ...args: string[]): Promise<Ran> {
    return this.vigo(node, 'swarm', 'curator', ...args)
  }

  puddle(node: string, ...args: string[]): Promise<Ran> {
    return this.vigo(node, 'swarm', 'puddle', ...args)
  }

  /** Runs a command that must succeed and parses what it printed with `--json`. */
  async json<T>(node: string, ...args: string[]): Promise<T> {
    return JSON.parse(succeeded(await this.vigo(node, ...args, '--json')).stdout) as T
  }

  pull(node: string, reference: string, ...args: string[]): Promise<Pulled> {
    return this.json(node, 'swarm', 'curator', 'pull', reference, ...args)
  }

  async push(node: string, reference: string, file: string, ...args: string[]): Promise<string> {
    const pushed = await this.json<{ blob: { sha: string } }>(
      node,
      'swarm',
      'curator',
      'push',
      reference,
      file,
      ...args,
    )
    return pushed.blob.sha
  }

  async createPuddle(node: string): Promise<string> {
    const { stdout } = succeeded(await this.puddle(node, 'init'))
    succeeded(await this.puddle(node, 'unlock'))
    return /[0-9a-f]{64}/.exec(stdout)?.[0] ?? ''
  }

  async restart(...nodes: string[]): Promise<void> {
    for (const node of nodes) {
      await this.lab.kill(node, 'SIGTERM')
      await this.lab.start(node)
    }
  }

  async logOf(node: string): Promise<LogLine[]> {
    const text = await readFile(this.lab.node(node).log, 'utf8')
    return text
      .split('\n')
      .filter(line => line.startsWith('{'))
      .map(line => JSON.parse(line) as LogLine)
  }

  async logged(node: string, event: string, fields: Record<string, unknown> = {}): Promise<LogLine> {
    return until(`${node} logs ${event}`, async () =>
      (await this.logOf(node)).find(
        line => line.event === event && Object.entries(fields).every(([key, value]) => line[key] === value),
      ),
    )
  }

  /** The agent knows the artifact's version already. */
  async knows(node: string, reference: string): Promise<void> {
    await until(`${node} knows ${reference}`, async () => {
      const { code, stderr } = await this.curator(node, 'resolve', reference)
      return code === 0 || (code === 3 ? undefined : expect.fail(stderr))
    })
  }

  /** Files that only a transfer, an upload or a crash can have left. */
  async debris(node: string): Promise<string[]> {
    const partial = await readdir(this.state(node, 'swarm/partial'))
    const shelf = await readdir(this.state(node, 'artifacts'), { recursive: true }).catch(() => [])
    return [...partial, ...shelf.filter(path => path.includes('.tmp-'))]
  }

  /** Lets a machine run only a part of the time until the returned function is called: a slow neighbour. */
  slowDown(node: string, runMs = 15, restMs = 60): () => void {
    const { process: process_ } = this.lab.node(node)
    if (process_ === null) throw new Error(`${node} is not running`)
    const stop = new AbortController()
    const signal = (name: NodeJS.Signals): boolean => {
      try {
        return process.kill(process_.pid, name)
      } catch {
        return false
      }
    }
    void (async () => {
      while (!stop.signal.aborted && signal('SIGSTOP')) {
        await sleep(restMs)
        if (!signal('SIGCONT')) return
        await sleep(runMs)
      }
    })()
    return () => {
      stop.abort()
      signal('SIGCONT')
    }
  }
}

export function start(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Running {
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: COMMAND_TIMEOUT_MS })
  const output = { stdout: '', stderr: '' }
  child.stdout?.on('data', (data: Buffer) => {
    output.stdout += data.toString('utf8')
  })
  child.stderr?.on('data', (data: Buffer) => {
    output.stderr += data.toString('utf8')
  })
  const { promise, resolve, reject } = Promise.withResolvers<Ran>()
  child.once('error', reject).once('close', code => resolve({ code, ...output }))
  return { child, output, ended: promise }
}

/** Waits until `look` answers something true. @throws Error that says what did not happen */
export async function until<T>(what: string, look: () => Promise<T> | T, timeoutMs = 30_000): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== null && found !== false) return found
    if (performance.now() > deadline) throw new Error(`within ${timeoutMs} ms it did not happen that ${what}`)
    await sleep(POLL_MS)
  }
}

export function succeeded(ran: Ran): Ran {
  expect(ran.stderr).toBe('')
  expect(ran.code).toBe(0)
  return ran
}

/** The one sentence with which a command refused, after checking that it is one and that the exit code is as expected. */
export function refusal(ran: Ran, code: number): string {
  const lines = ran.stderr.trim().split('\n')
  const sentence = lines.filter(line => line !== '(see --help)')
  expect(ran, ran.stderr).toMatchObject({ code, stdout: '' })
  expect(sentence, ran.stderr).toHaveLength(1)
  expect(sentence[0]).toMatch(/^(vigo|vigosrv|vigocli|error): [^\n]{10,}$/)
  expect(sentence[0]).not.toMatch(/undefined|\[object|^vigo: E[A-Z]{4,}:/)
  return sentence[0] ?? ''
}

export async function sha256Of(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
}

/** The program file of Node, about 120 MB: a real artifact that every machine with these tests has. */
export const nodeBinary: string = process.execPath

/** A file of the size and texture of a program that shares no byte sequence with it. */
export async function disguised(path: string, key: number): Promise<string> {
  const bytes = await readFile(nodeBinary)
  for (let i = 0; i < bytes.length; i++) bytes[i] = (bytes[i] ?? 0) ^ key
  await writeFile(path, bytes)
  return path
}
