import type { FileHandle } from 'node:fs/promises'

/**
 * The file of an open blob. Another one may take its place under tasks that still use the one before, so all stay open until the end.
 */
export class OpenFile {
  readonly #retired: FileHandle[] = []
  readonly #tasks = new Set<Promise<unknown>>()
  #handle: FileHandle

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  /** The file as of now; what reads or writes chunks goes through `use` and `read`. */
  get handle(): FileHandle {
    return this.#handle
  }

  replaceWith(handle: FileHandle): void {
    this.#retired.push(this.#handle)
    this.#handle = handle
  }

  /** Closing waits for the task, because the file's number may belong to another file afterwards. */
  use<T>(task: (fd: number) => Promise<T>): Promise<T> {
    const tracked = task(this.#handle.fd).finally(() => this.#tasks.delete(tracked))
    this.#tasks.add(tracked)
    return tracked
  }

  /** Fills `bytes`; null when the file became shorter. */
  async read(position: number, bytes: Uint8Array): Promise<Uint8Array | null> {
    const length = bytes.byteLength
    let done = 0
    while (done < length) {
      const { bytesRead } = await this.use(() => this.#handle.read(bytes, done, length - done, position + done))
      if (bytesRead === 0) return null
      done += bytesRead
    }
    return bytes
  }

  /** When every task that is under way has ended, well or not. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#tasks)
  }

  /** Call it when the tasks have settled. */
  async close(): Promise<void> {
    for (const handle of [this.#handle, ...this.#retired]) await handle.close()
  }
}
