import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const END_MS = 5_000

/** What a row has opened on this machine: a temporary folder, processes, and whatever else has an undo. Closing it leaves nothing. */
export class Scope {
  readonly folder: string
  readonly #children = new Set<ChildProcess>()
  readonly #undo: (() => Promise<unknown>)[] = []
  #closed: Promise<void> | undefined

  private constructor(folder: string) {
    this.folder = folder
  }

  static async open(): Promise<Scope> {
    return new Scope(await mkdtemp(join(tmpdir(), 'vigo-bench-')))
  }

  get isClosed(): boolean {
    return this.#closed !== undefined
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts)
  }

  /** Starts a process that does not outlive the scope. */
  spawn(...args: Parameters<typeof spawn>): ChildProcess {
    if (this.isClosed) throw new Error('the benchmark was stopped')
    const child = spawn(...args)
    this.#children.add(child)
    child.once('exit', () => this.#children.delete(child))
    child.once('error', () => this.#children.delete(child))
    return child
  }

  /** Runs when the scope closes, after its processes have ended; last in, first out. */
  defer(undo: () => Promise<unknown>): void {
    this.#undo.push(undo)
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#children].map(child => end(child)))
    for (const undo of this.#undo.reverse()) {
      await undo().catch((error: unknown) => process.stderr.write(`cleaning up: ${String(error)}\n`))
    }
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** Asks a process to end and insists after a while. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const gone = new Promise<void>(resolve => child.once('exit', () => resolve()))
  if (child.connected) child.disconnect()
  else child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), END_MS)
  await gone
  clearTimeout(timer)
}
