import { lstatSync } from 'node:fs'
import { mkdir, readdir, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { codeOf, syncFolder, writeFileAtomic } from '#node/kit'
import { SecretsError } from './errors.ts'
import { readPrivateFile } from './private-file.ts'
import { secretPathProblem } from './secret-path.ts'

const MAX_FILE_BYTES = 256 * 1024
const MAX_FILES = 100_000

/** One file for each secret, below a folder. Paths are checked by whoever calls. */
export class SecretFiles {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Null when there is no such file. */
  read(path: string): string | null {
    return readPrivateFile(join(this.#folder, path), MAX_FILE_BYTES)
  }

  has(path: string): boolean {
    try {
      return lstatSync(join(this.#folder, path), { throwIfNoEntry: false })?.isFile() ?? false
    } catch (error) {
      if (codeOf(error) === 'ENOTDIR') return false
      throw error
    }
  }

  /** Durable when it returns. @throws SecretsError 'exists' */
  async write(path: string, content: string): Promise<void> {
    try {
      await this.#makeFolders(dirname(path))
      await writeFileAtomic(join(this.#folder, path), content, { mode: 0o600 })
    } catch (error) {
      if (codeOf(error) === 'EISDIR')
        throw new SecretsError('exists', `there are secrets below ${path}; name this one ${path}/…`)
      throw error
    }
  }

  /** False when there was none. Folders that are empty then are gone too. */
  async remove(path: string): Promise<boolean> {
    if (!this.has(path)) return false
    await rm(join(this.#folder, path))
    await syncFolder(join(this.#folder, dirname(path)))
    for (let above = dirname(path); above !== '.'; above = dirname(above)) {
      const isEmpty = await rmdir(join(this.#folder, above)).then(
        () => true,
        () => false,
      )
      if (!isEmpty) break
      await syncFolder(join(this.#folder, dirname(above)))
    }
    return true
  }

  /** Sorted. */
  async list(): Promise<string[]> {
    const { files } = await this.#walk()
    return files.filter(path => secretPathProblem(path) === undefined).toSorted()
  }

  /** Removes what killed writers left. The lock must be held. */
  async tidy(): Promise<void> {
    const { files } = await this.#walk()
    for (const path of files) {
      if (/(?:^|\/)\.tmp-[^/]*$/.test(path)) await rm(join(this.#folder, path), { force: true })
    }
  }

  async #walk(): Promise<{ files: string[] }> {
    const files: string[] = []
    const folders = ['']
    for (let at = 0; at < folders.length; at++) {
      const above = folders[at]!
      for (const entry of await readdir(join(this.#folder, above), { withFileTypes: true })) {
        const path = above === '' ? entry.name : `${above}/${entry.name}`
        if (entry.isDirectory()) folders.push(path)
        else if (entry.isFile()) files.push(path)
        if (files.length + folders.length > MAX_FILES) {
          throw new SecretsError(
            'damaged-secret',
            `${this.#folder} has more than ${MAX_FILES} files; move away what is no secret`,
          )
        }
      }
    }
    return { files }
  }

  async #makeFolders(path: string): Promise<void> {
    if (path === '.') return
    await this.#makeFolders(dirname(path))
    const folder = join(this.#folder, path)
    try {
      await mkdir(folder, { mode: 0o700 })
      await syncFolder(dirname(folder))
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
      if (!lstatSync(folder).isDirectory()) {
        throw new SecretsError(
          'exists',
          `${path} is a secret itself, so there can be none below it; remove it first, or take another path`,
        )
      }
    }
  }
}
