import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Clock, sha256Hex } from '#node/kit'
import type { TreeFile } from './tree.ts'

/** A folder of a test's own, gone with it. */
export class TestFolder implements AsyncDisposable {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  static async create(): Promise<TestFolder> {
    return new TestFolder(await mkdtemp(join(tmpdir(), 'vigo-config-')))
  }

  async write(files: Readonly<Record<string, string | Uint8Array>>, below = ''): Promise<string> {
    const folder = join(this.path, below)
    await mkdir(folder, { recursive: true })
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), content)
    }
    return folder
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true })
  }
}

export function treeFiles(files: Readonly<Record<string, string>>): TreeFile[] {
  return Object.entries(files).map(([path, text]) => ({ path, bytes: Buffer.from(text), sha256: sha256Hex(text) }))
}

/** Time that stands still until it is told otherwise; sleeping takes none. */
export class TestClock implements Clock {
  time: number

  constructor(time = Date.UTC(2026, 10, 20, 12)) {
    this.time = time
  }

  now(): number {
    return this.time
  }

  monotonicMs(): number {
    return this.time
  }

  async sleep(durationMs: number, options?: { signal?: AbortSignal | undefined }): Promise<void> {
    options?.signal?.throwIfAborted()
    this.time += durationMs
    await new Promise(resolve => setImmediate(resolve))
  }
}

/** As root, runs `work` as somebody else: root may do everything. */
export async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return await work()
  process.seteuid?.(65534)
  try {
    return await work()
  } finally {
    process.seteuid?.(0)
  }
}
