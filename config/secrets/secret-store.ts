import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { codeOf, FileLock, syncFolder, writeFileAtomic } from '#node/kit'
import { beginChange, endChange, settledEpoch } from './epoch.ts'
import { SecretsError } from './errors.ts'
import { encodeKeyRing, type KeyRing, keyOf, readKeyRing } from './key-ring.ts'
import { checkPrivateFolder } from './private-file.ts'
import { newMasterKey, parseSealed, seal, unseal } from './seal.ts'
import { SecretFiles } from './secret-files.ts'
import { checkSecretPath, secretPathProblem } from './secret-path.ts'
import type { ResolvedSecrets, SecretSource } from './types.ts'

export const MAX_VALUE_BYTES = 64 * 1024
const MAX_RESOLVED = 1000
const LOCK_WAIT_MS = 10_000

interface Call {
  signal?: AbortSignal | undefined
}

/**
 * Secrets in a folder of this machine: a file for each, sealed with AES-256-GCM under the master key beside them. Whoever has both has
 * everything; keep the key out of the backup that the files are in. Each method leaves the folder as it was, or with its change made as
 * a whole, also when the process is killed in it.
 */
export class SecretStore implements SecretSource {
  readonly #folder: string
  readonly #files: SecretFiles

  /** `folder`: `secretsFolder` of the configuration's home. */
  constructor(options: { folder: string }) {
    this.#folder = options.folder
    this.#files = new SecretFiles(options.folder)
  }

  /** Makes the folder and the master key. False when they were there. @throws SecretsError 'no-master-key' when secrets are there without their key */
  async init(options: Call = {}): Promise<boolean> {
    return await this.#explained(async () => {
      await mkdir(dirname(this.#folder), { recursive: true })
      if (!checkPrivateFolder(this.#folder)) {
        await mkdir(this.#folder, { mode: 0o700 })
        await syncFolder(dirname(this.#folder))
      }
      using _lock = await this.#lock(options)
      if (readKeyRing(this.#keyPath) !== null) return false
      const [orphan] = await this.#files.list()
      if (orphan !== undefined) throw this.#noKey(`the secret ${orphan} is there, its master key is not`)
      await this.#writeKeys({ current: newMasterKey(), older: [] })
      return true
    })
  }

  /** @throws SecretsError 'bad-secret-path', 'bad-secret-value', 'exists', 'no-master-key' */
  async set(path: string, value: string, options: Call = {}): Promise<'added' | 'replaced'> {
    checkSecretPath(path)
    checkValue(value)
    return await this.#change(options, async ring => {
      const isNew = !this.#files.has(path)
      await this.#files.write(path, seal(ring.current, path, value))
      return isNew ? 'added' : 'replaced'
    })
  }

  /** @throws SecretsError 'unknown-secret', 'damaged-secret' */
  async get(path: string): Promise<string> {
    checkSecretPath(path)
    const { values } = await this.resolve([path])
    const value = values.get(path)
    if (value === undefined) throw unknown(path)
    return value
  }

  /** @throws SecretsError 'unknown-secret' */
  async remove(path: string, options: Call = {}): Promise<void> {
    checkSecretPath(path)
    await this.#change(options, async () => {
      if (!(await this.#files.remove(path))) throw unknown(path)
    })
  }

  /** Paths, sorted. */
  async list(): Promise<readonly string[]> {
    return await this.#explained(async () => (checkPrivateFolder(this.#folder) ? await this.#files.list() : []))
  }

  /** A rotation was killed, and the older keys are still kept. */
  async isRotating(): Promise<boolean> {
    return (readKeyRing(this.#keyPath)?.older.length ?? 0) > 0
  }

  /**
   * Seals everything anew, under a new master key; answers how many secrets. Killed in the middle, everything can still be read, and the
   * next rotation ends what this one began.
   * @throws SecretsError 'damaged-secret' before anything was changed
   */
  async rotate(options: Call = {}): Promise<number> {
    return await this.#change(options, async ring => {
      const paths = await this.#files.list()
      for (const path of paths) {
        options.signal?.throwIfAborted()
        this.#open(ring, path)
      }
      const next: KeyRing = { current: newMasterKey(), older: [ring.current, ...ring.older] }
      await this.#writeKeys(next)
      for (const path of paths) {
        const value = this.#open(next, path)
        if (value !== null) await this.#files.write(path, seal(next.current, path, value))
      }
      await this.#writeKeys({ current: next.current, older: [] })
      return paths.length
    })
  }

  async resolve(paths: readonly string[], options: Call = {}): Promise<ResolvedSecrets> {
    const wanted = [...new Set(paths)]
    if (wanted.length > MAX_RESOLVED) throw new RangeError(`at most ${MAX_RESOLVED} secrets are resolved at once`)
    return await this.#explained(async () => {
      const missing = new Set(this.#missing(wanted))
      const values = new Map<string, string>()
      const ring = missing.size < wanted.length ? this.#requireKeys() : null
      for (const path of wanted) {
        options.signal?.throwIfAborted()
        const value = ring === null || missing.has(path) ? null : this.#openFresh(ring, path)
        if (value === null) missing.add(path)
        else values.set(path, value)
      }
      return { values, missing: [...missing].toSorted() }
    })
  }

  async missing(paths: Iterable<string>): Promise<readonly string[]> {
    return await this.#explained(async () => this.#missing(paths))
  }

  async epoch(): Promise<number> {
    return await this.#explained(async () => {
      if (!checkPrivateFolder(this.#folder)) return 0
      return await settledEpoch(this.#epochPath, this.#lockPath)
    })
  }

  #missing(paths: Iterable<string>): string[] {
    const isThere = checkPrivateFolder(this.#folder)
    const missing: string[] = []
    for (const path of new Set(paths)) {
      const exists = isThere && secretPathProblem(path) === undefined && this.#files.has(path)
      if (!exists) missing.push(path)
    }
    return missing.toSorted()
  }

  /** A rotation may have changed the key since it was read. */
  #openFresh(ring: KeyRing, path: string): string | null {
    try {
      return this.#open(ring, path)
    } catch (error) {
      const now = this.#requireKeys()
      if (now.current.id === ring.current.id) throw error
      return this.#open(now, path)
    }
  }

  /** Null when it was removed meanwhile. @throws SecretsError 'damaged-secret' */
  #open(ring: KeyRing, path: string): string | null {
    const text = this.#files.read(path)
    if (text === null) return null
    const sealed = parseSealed(text)
    const key = sealed === null ? undefined : keyOf(ring, sealed.key)
    const value = sealed === null || key === undefined ? null : unseal(key, path, sealed)
    if (value !== null) return value
    const why =
      sealed === null
        ? 'is no sealed secret'
        : key === undefined
          ? `was sealed with another master key (${sealed.key})`
          : 'was changed, or belongs to another path'
    throw new SecretsError(
      'damaged-secret',
      `the file of the secret ${path} ${why}; set it again: vigocli secrets set ${path}`,
    )
  }

  async #change<T>(options: Call, work: (ring: KeyRing) => Promise<T>): Promise<T> {
    return await this.#explained(async () => {
      this.#requireKeys()
      using _lock = await this.#lock(options)
      const ring = this.#requireKeys()
      const odd = await beginChange(this.#epochPath)
      try {
        await this.#files.tidy()
        return await work(ring)
      } finally {
        // Where this fails, the next reader does it.
        await endChange(this.#epochPath, odd).catch(() => undefined)
      }
    })
  }

  #requireKeys(): KeyRing {
    checkPrivateFolder(this.#folder)
    const ring = readKeyRing(this.#keyPath)
    if (ring !== null) return ring
    throw this.#noKey('there is no master key')
  }

  async #writeKeys(ring: KeyRing): Promise<void> {
    await writeFileAtomic(this.#keyPath, encodeKeyRing(ring), { mode: 0o600 })
  }

  async #lock({ signal }: Call): Promise<FileLock> {
    return await FileLock.acquire(this.#lockPath, { waitMs: LOCK_WAIT_MS, signal })
  }

  #noKey(what: string): SecretsError {
    const message = `${what} (${this.#keyPath}); put it back from your backup, or begin anew: vigocli secrets init`
    return new SecretsError('no-master-key', message)
  }

  async #explained<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw secretsFault(error, this.#folder)
    }
  }

  get #keyPath(): string {
    return join(this.#folder, '.master.key')
  }

  get #epochPath(): string {
    return join(this.#folder, '.epoch')
  }

  get #lockPath(): string {
    return join(this.#folder, '.lock')
  }
}

export function secretsFolder(home: string): string {
  return join(home, 'secrets')
}

function checkValue(value: string): void {
  if (value === '')
    throw new SecretsError('bad-secret-value', 'the value is empty; to take a secret away use vigocli secrets remove')
  if (Buffer.byteLength(value) > MAX_VALUE_BYTES) {
    throw new SecretsError(
      'bad-secret-value',
      `the value has more than ${MAX_VALUE_BYTES} bytes; what is larger belongs in a file of its own`,
    )
  }
  if (!value.isWellFormed()) throw new SecretsError('bad-secret-value', 'the value is not text')
}

function unknown(path: string): SecretsError {
  return new SecretsError('unknown-secret', `there is no secret ${path}; see vigocli secrets list`)
}

const DENIED = new Set(['EACCES', 'EPERM', 'EROFS'])

function secretsFault(error: unknown, folder: string): unknown {
  if (error instanceof SecretsError) return error
  const code = codeOf(error) ?? ''
  if (code === 'busy') {
    return new SecretsError('busy', `another process is changing the secrets in ${folder}; try again`, { cause: error })
  }
  if (code === 'no-permission' || DENIED.has(code)) {
    const message = `not allowed to use the secrets in ${folder}; run this as the user of the server`
    return new SecretsError('no-permission', message, { cause: error })
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new SecretsError('disk-full', `no space left in ${folder}; nothing was changed`, { cause: error })
  }
  return error
}
