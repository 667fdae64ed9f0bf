import { readlink, realpath } from 'node:fs/promises'
import { posix } from 'node:path'
import { codeOf } from '#node/kit'
import { ExecutorError } from '../errors.ts'
import { Folder } from './folder.ts'
import { isTrustedLink } from './trust.ts'

const MAX_LINKS = 40

/** A walk from the root, folder by folder, with all folders on the way held open so that `..` leads back the same way. */
export class Walk {
  readonly #root: string
  readonly #shown: string
  readonly #signal: AbortSignal
  readonly #way: Folder[] = []
  #links = 0

  constructor(root: string, shown: string, signal: AbortSignal) {
    this.#root = root
    this.#shown = shown
    this.#signal = signal
  }

  /** The folder at the end, which the caller closes; the others are closed. */
  async follow(parts: readonly string[]): Promise<Folder | null> {
    try {
      const arrived = await this.#steps(parts)
      return arrived ? (this.#way.pop() ?? null) : null
    } finally {
      await this.#leave()
    }
  }

  /** The same for all but the last part, which is followed as far as links lead; null when something on the way does not exist. */
  async resolveLast(parts: readonly string[]): Promise<{ folder: Folder; name: string } | null> {
    try {
      let [rest, name] = [parts.slice(0, -1), parts.at(-1) ?? '']
      for (;;) {
        if (!(await this.#steps(rest))) return null
        const target = await this.#linkAt(this.#here, name)
        if (target === undefined) return null
        if (target === null) {
          const folder = this.#way.pop()
          return folder === undefined ? null : { folder, name }
        }
        const next = (await this.#partsOf(target)).filter(part => part !== '' && part !== '.')
        ;[rest, name] = [next.slice(0, -1), next.at(-1) ?? '..']
        if (name === '..') throw new ExecutorError('failed', `${this.#shown} is a link to a directory`)
      }
    } finally {
      await this.#leave()
    }
  }

  get #here(): Folder {
    const folder = this.#way.at(-1)
    if (folder === undefined) throw new RangeError('the walk has not begun')
    return folder
  }

  /** False when a folder does not exist. */
  async #steps(parts: readonly string[]): Promise<boolean> {
    if (this.#way.length === 0) this.#way.push(await Folder.top(this.#root))
    const queue = [...parts]
    for (let part = queue.shift(); part !== undefined; part = queue.shift()) {
      this.#signal.throwIfAborted()
      if (part === '' || part === '.') continue
      if (part === '..') {
        await this.#back()
        continue
      }
      const entered = await this.#enter(part)
      if (entered === 'missing') return false
      if (entered === 'entered') continue
      const target = await this.#linkAt(this.#here, part)
      if (target === undefined) return false
      if (target === null) throw this.#noFolder(part)
      queue.unshift(...(await this.#partsOf(target)))
    }
    return true
  }

  async #enter(part: string): Promise<'entered' | 'missing' | 'no-folder'> {
    try {
      this.#way.push(await this.#here.enter(part))
      return 'entered'
    } catch (error) {
      const code = codeOf(error)
      if (code === 'ENOENT') return 'missing'
      if (code === 'ENOTDIR' || code === 'ELOOP') return 'no-folder'
      throw error
    }
  }

  /** Target of a link that may be followed; null for what is no link, undefined for what does not exist. */
  async #linkAt(folder: Folder, name: string): Promise<string | null | undefined> {
    const status = await folder.statusOf(name).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return undefined
      throw error
    })
    if (status === undefined) return undefined
    if (!status.isSymbolicLink()) return null
    if (!isTrustedLink(status, await folder.status())) {
      throw new ExecutorError(
        'unsafe',
        `${this.#shown} leads through the symbolic link ${posix.join(folder.path, name)}, which somebody other than root could have put there; it is not followed`,
      )
    }
    if (++this.#links > MAX_LINKS) {
      throw new ExecutorError('unsafe', `${this.#shown} leads through more than ${MAX_LINKS} symbolic links`)
    }
    return await readlink(folder.at(name))
  }

  /** What is left to walk for a link's target; an absolute one starts again at the root. */
  async #partsOf(target: string): Promise<string[]> {
    if (!target.startsWith('/')) return target.split('/')
    const inside = await this.#belowRoot(target)
    await this.#leave()
    this.#way.push(await Folder.top(this.#root))
    return inside.split('/')
  }

  async #belowRoot(target: string): Promise<string> {
    if (this.#root === '/') return target
    for (const root of [this.#root, await realpath(this.#root)]) {
      if (target === root || target.startsWith(`${root}/`)) return target.slice(root.length)
    }
    throw this.#outside()
  }

  async #back(): Promise<void> {
    if (this.#way.length > 1) await this.#way.pop()?.[Symbol.asyncDispose]()
    else if (this.#root !== '/') throw this.#outside()
  }

  async #leave(): Promise<void> {
    for (const folder of this.#way.splice(0)) await folder[Symbol.asyncDispose]()
  }

  #outside(): ExecutorError {
    return new ExecutorError('unsafe', `${this.#shown} leads through a symbolic link out of the sandbox ${this.#root}`)
  }

  #noFolder(part: string): ExecutorError {
    return new ExecutorError(
      'failed',
      `${posix.join(this.#here.path, part)}, on the way to ${this.#shown}, is no directory`,
    )
  }
}
