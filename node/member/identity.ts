import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf, fromHex, isHex, privateFolder, toHex, writeFileAtomic } from '#node/kit'
import { newSeed } from '#swarm/record'
import { MemberError } from './errors.ts'

/** The machine's 32-byte Ed25519 seed from `node/identity.key` (hex, mode 0600), or null when there is none yet. */
export async function readIdentity(path: string): Promise<Uint8Array | null> {
  try {
    const text = (await readFile(path, 'utf8')).trim()
    if (!isHex(text, 32)) throw new MemberError('bad-settings', `${path} is damaged: it must hold 64 hex digits`)
    return fromHex(text)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

export async function createIdentity(path: string): Promise<Uint8Array> {
  const seed = newSeed()
  await privateFolder(dirname(path))
  await writeFileAtomic(path, `${toHex(seed)}\n`, { mode: 0o600 })
  return seed
}
