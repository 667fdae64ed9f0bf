import { readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, fromHex, isHex, privateFolder, syncFolder, toHex, writeFileAtomic } from '#node/kit'
import { newSeed } from '#swarm/record'
import { PuddleError } from './errors.ts'
import { newSalt, parseWrapped, STRONG_KDF, unwrapKey, type WrappedKey, wrapKey } from './vault.ts'

/**
 * `~/.vigo-puddle/`: `identity.wrapped` and `identity.salt` (0600), `identity.pub` (0644). The salt is written once; after that
 * every change replaces `identity.wrapped` alone, so that a crash leaves the old key or the new one. `identity.pub` is derived from it.
 * During a rekey the coming key waits in `identity.next`.
 */
export class IdentityFiles {
  readonly folder: string
  readonly #kdf: WrappedKey['kdf']

  /** `kdf` is what new wrappings cost to open; tests that open hundreds use a cheap one. */
  constructor(folder: string, kdf: WrappedKey['kdf'] = STRONG_KDF) {
    this.folder = folder
    this.#kdf = kdf
  }

  /** The public key in hex, or null when there is no identity. */
  async publicKey(): Promise<string | null> {
    return (await this.#readWrapped('identity.wrapped'))?.publicKey ?? null
  }

  /** Creates an identity. Returns its public key. @throws PuddleError 'exists' */
  async create(passphrase: string): Promise<string> {
    await this.#requireNone()
    await privateFolder(this.folder)
    const salt = newSalt()
    const wrapped = await wrapKey(newSeed(), passphrase, salt, this.#kdf)
    await writeFileAtomic(this.#path('identity.salt'), `${toHex(salt)}\n`, { mode: 0o600 })
    await this.#store(wrapped)
    return wrapped.publicKey
  }

  /** The seed. @throws PuddleError 'missing', 'damaged', 'wrong-passphrase' */
  async unlock(passphrase: string): Promise<Uint8Array> {
    return unwrapKey(await this.#require(), passphrase, await this.#salt())
  }

  async rotatePassphrase(current: string, next: string): Promise<void> {
    await this.#store(await wrapKey(await this.unlock(current), next, await this.#salt(), this.#kdf))
  }

  /** The key that a rekey leads to, made on the first call and kept until `adoptNext`. */
  async prepareNext(passphrase: string): Promise<{ current: Uint8Array; next: Uint8Array }> {
    const current = await this.unlock(passphrase)
    const waiting = await this.#readWrapped('identity.next')
    if (waiting !== null) return { current, next: await unwrapKey(waiting, passphrase, await this.#salt()) }
    const next = newSeed()
    await this.#write('identity.next', await wrapKey(next, passphrase, await this.#salt(), this.#kdf))
    return { current, next }
  }

  async adoptNext(): Promise<void> {
    await rename(this.#path('identity.next'), this.#path('identity.wrapped'))
    await syncFolder(this.folder)
    await this.#writePublic((await this.#require()).publicKey)
  }

  /** What another machine of the same person needs; still under the passphrase. */
  async export(): Promise<string> {
    return JSON.stringify({ wrapped: await this.#require(), salt: toHex(await this.#salt()) })
  }

  /** Takes an export in, after proving that the passphrase opens it. Returns the public key. */
  async import(bundle: string, passphrase: string): Promise<string> {
    await this.#requireNone()
    const { wrapped, salt } = parseBundle(bundle)
    await unwrapKey(wrapped, passphrase, salt)
    await privateFolder(this.folder)
    await writeFileAtomic(this.#path('identity.salt'), `${toHex(salt)}\n`, { mode: 0o600 })
    await this.#store(wrapped)
    return wrapped.publicKey
  }

  /** Forgets the identity on this machine. */
  async remove(): Promise<void> {
    for (const name of ['identity.next', 'identity.wrapped', 'identity.salt', 'identity.pub']) {
      await rm(this.#path(name), { force: true })
    }
  }

  async #store(wrapped: WrappedKey): Promise<void> {
    await this.#write('identity.wrapped', wrapped)
    await this.#writePublic(wrapped.publicKey)
  }

  async #write(name: string, wrapped: WrappedKey): Promise<void> {
    await writeFileAtomic(this.#path(name), `${JSON.stringify(wrapped, null, 1)}\n`, { mode: 0o600 })
  }

  async #writePublic(publicKey: string): Promise<void> {
    await writeFileAtomic(this.#path('identity.pub'), `${publicKey}\n`, { mode: 0o644 })
  }

  async #readWrapped(name: string): Promise<WrappedKey | null> {
    try {
      return parseWrapped(await readFile(this.#path(name), 'utf8'))
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return null
      throw error
    }
  }

  async #require(): Promise<WrappedKey> {
    const wrapped = await this.#readWrapped('identity.wrapped')
    if (wrapped !== null) return wrapped
    throw new PuddleError(
      'missing',
      `there is no puddle identity in ${this.folder}; run vigo swarm puddle init (or join)`,
    )
  }

  async #requireNone(): Promise<void> {
    if ((await this.publicKey()) === null) return
    throw new PuddleError(
      'exists',
      `there is a puddle identity in ${this.folder} already; puddle leave removes it from this machine`,
    )
  }

  async #salt(): Promise<Uint8Array> {
    const text = (await readFile(this.#path('identity.salt'), 'utf8').catch(() => '')).trim()
    if (!isHex(text, 16)) throw new PuddleError('damaged', `${this.#path('identity.salt')} is missing or damaged`)
    return fromHex(text)
  }

  #path(name: string): string {
    return join(this.folder, name)
  }
}

function parseBundle(bundle: string): { wrapped: WrappedKey; salt: Uint8Array } {
  try {
    const { wrapped, salt } = JSON.parse(bundle) as { wrapped: unknown; salt: unknown }
    if (isHex(salt, 16)) return { wrapped: parseWrapped(JSON.stringify(wrapped)), salt: fromHex(salt) }
  } catch {
    // Said below.
  }
  throw new PuddleError('usage', 'what the other machine sent is not a wrapped puddle key')
}
