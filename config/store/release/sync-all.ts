import { execFile } from 'node:child_process'
import { open } from 'node:fs/promises'
import { promisify } from 'node:util'

/** Fewer are on the disk before a program has started. */
const MANY = 64

/** As many as keep the disk's queue filled; Node runs four of them at a time. */
const AT_ONCE = 16

const SYNC_MS = 60_000

interface Options {
  readonly signal?: AbortSignal | undefined
}

/**
 * Makes files and folders durable, all of which are on the file system of `folder`. For many, the file system is asked once to write
 * everything that it holds back (`syncfs`, which Node lacks and coreutils have): one turn of its journal instead of one for each file.
 */
export async function syncAll(folder: string, paths: readonly string[], options: Options = {}): Promise<void> {
  options.signal?.throwIfAborted()
  if (paths.length >= MANY && (await syncFileSystem(folder))) return
  await syncEach(paths, options)
}

/** False where that cannot be had, or not within a minute: a busy neighbour's data are written too. */
async function syncFileSystem(folder: string): Promise<boolean> {
  if (process.platform !== 'linux') return false
  try {
    await promisify(execFile)('sync', ['-f', folder], { timeout: SYNC_MS })
    return true
  } catch {
    return false
  }
}

async function syncEach(paths: readonly string[], { signal }: Options = {}): Promise<void> {
  const queue = paths.values()
  const work = async (): Promise<void> => {
    for (const path of queue) {
      signal?.throwIfAborted()
      await using file = await open(path, 'r')
      await file.sync()
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, paths.length) }, work))
}
