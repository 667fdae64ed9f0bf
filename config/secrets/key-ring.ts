import { SecretsError } from './errors.ts'
import { readPrivateFile } from './private-file.ts'
import { type MasterKey, masterKeyOf } from './seal.ts'

const MAX_BYTES = 64 * 1024

/** The key that secrets are sealed with, and during a rotation the ones before it. */
export interface KeyRing {
  readonly current: MasterKey
  readonly older: readonly MasterKey[]
}

/** Null before secrets were set up. @throws SecretsError 'unsafe-secrets', 'damaged-secret', 'no-permission' */
export function readKeyRing(path: string): KeyRing | null {
  const text = readPrivateFile(path, MAX_BYTES)
  if (text === null) return null
  const keys = parseKeys(text)
  const [current, ...older] = keys ?? []
  if (current === undefined) {
    const message = `${path} is not a master key; put the one back from your backup: without it no secret can be read`
    throw new SecretsError('damaged-secret', message)
  }
  return { current, older }
}

export function encodeKeyRing({ current, older }: KeyRing): string {
  return `${JSON.stringify({ format: 1, keys: [current, ...older].map(({ bytes }) => bytes.toString('base64')) })}\n`
}

export function keyOf({ current, older }: KeyRing, id: string): MasterKey | undefined {
  return [current, ...older].find(key => key.id === id)
}

function parseKeys(text: string): MasterKey[] | null {
  try {
    const { format, keys } = JSON.parse(text) as { format: unknown; keys: unknown }
    if (format !== 1 || !Array.isArray(keys)) return null
    return keys.map(key => masterKeyOf(Buffer.from(String(key), 'base64')))
  } catch {
    return null
  }
}
