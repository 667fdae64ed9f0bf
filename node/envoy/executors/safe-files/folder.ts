import { closeSync, constants, existsSync, fstat, open, type Stats } from 'node:fs'
import { lstat, open as openFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

// Bare descriptors: a check of a bundle opens some thousand folders, and objects around them cost more than the system does.
const openDescriptor = promisify(open)
const statusOfDescriptor = promisify<number, Stats>(fstat)

/**
 * Linux follows `/proc/self/fd/<n>/name` from the open folder itself, whatever was renamed or linked on the way since: what openat(2) is
 * for, which Node does not have. Elsewhere paths are looked up by name, and somebody who owns a folder on the way may win a race.
 */
const HAS_PROC = process.platform === 'linux' && existsSync('/proc/self/fd')

/** Linux's, which Node does not name: opens a folder that may be entered but not listed. */
const O_PATH = HAS_PROC ? 0o10000000 : 0

/** A folder that is held open, so that what is done in it is done in this one. */
export class Folder implements AsyncDisposable {
  /** As it was found, links resolved; for people and for programs. */
  readonly path: string
  /** -1 once it is closed: the number may then be somebody else's. */
  #descriptor: number

  private constructor(path: string, descriptor: number) {
    this.path = path
    this.#descriptor = descriptor
  }

  /** Opens the top of the tree; its path is trusted. */
  static async top(path: string): Promise<Folder> {
    return new Folder(path, await openDescriptor(path, O_PATH | constants.O_DIRECTORY))
  }

  /** What to give to the system for an entry. Valid in this process only, while the folder is open. */
  at(name: string): string {
    return HAS_PROC ? `/proc/self/fd/${this.#descriptor}/${name}` : join(this.path, name)
  }

  /** The same for programs that run as the agent does. */
  atForPrograms(name: string): string {
    return HAS_PROC ? `/proc/${process.pid}/fd/${this.#descriptor}/${name}` : join(this.path, name)
  }

  /** Opens a folder in it, never through a link. */
  async enter(name: string): Promise<Folder> {
    const flags = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW
    return new Folder(join(this.path, name), await openDescriptor(this.at(name), flags))
  }

  async status(): Promise<Stats> {
    return await statusOfDescriptor(this.#descriptor)
  }

  async names(): Promise<string[]> {
    return await readdir(this.at('.'))
  }

  async statusOf(name: string): Promise<Stats> {
    return await lstat(this.at(name))
  }

  /** Makes what was created, renamed or removed in it durable. */
  async sync(): Promise<void> {
    const folder = await openFile(this.at('.'), constants.O_RDONLY | constants.O_DIRECTORY)
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const descriptor = this.#descriptor
    this.#descriptor = -1
    if (descriptor !== -1) closeSync(descriptor)
  }
}
