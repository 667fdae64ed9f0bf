import { createHash } from 'node:crypto'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomic } from '#node/kit'
import { ExecutorError } from '../../errors.ts'
import type { Machine } from '../../machine.ts'
import { armored, certificatesOf, normalFingerprint } from './openpgp.ts'

const MAX_KEY_BYTES = 2 ** 20

export interface KeySource {
  readonly name: string
  readonly url: string
  readonly fingerprint: string | undefined
  readonly form: 'binary' | 'armored' | 'as-is'
}

/**
 * Fetches the key of a repository. Where a fingerprint is given, only the certificate that has it is taken out of the file: whatever else
 * is in there would be trusted just the same. @throws ExecutorError 'unsafe' when no key has it
 */
export async function fetchKey(
  { url, fingerprint, form }: KeySource,
  machine: Machine,
  signal: AbortSignal,
): Promise<Buffer> {
  const path = await machine.download(url, { signal, maxBytes: MAX_KEY_BYTES })
  try {
    const file = await readFile(path)
    if (form === 'as-is') return file
    const certificates = certificatesOf(file)
    const wanted = fingerprint === undefined ? undefined : normalFingerprint(fingerprint)
    const trusted = certificates.filter(each => wanted === undefined || each.fingerprint === wanted)
    if (trusted.length === 0) {
      const found = certificates
        .map(each => each.fingerprint)
        .slice(0, 5)
        .join(', ')
      throw new ExecutorError('unsafe', `the key has fingerprint ${found}, not ${wanted ?? ''}; it is not installed`)
    }
    const bytes = Buffer.concat(trusted.map(each => each.bytes))
    return form === 'binary' ? bytes : Buffer.from(armored(bytes))
  } finally {
    await rm(path, { force: true })
  }
}

/** Whether the installed key is the one that is asked for: by its fingerprint, or by what is remembered of where it came from. */
export async function isKey(installed: Buffer | null, source: KeySource, machine: Machine): Promise<boolean> {
  if (installed === null) return false
  if (source.fingerprint !== undefined && source.form !== 'as-is') {
    const wanted = normalFingerprint(source.fingerprint)
    try {
      return certificatesOf(installed).every(each => each.fingerprint === wanted)
    } catch {
      return false
    }
  }
  const known = await readFile(memoryOf(source.name, machine), 'utf8').catch(() => '')
  return known === memory(source.url, installed)
}

/** What `isKey` needs to know of a key without a fingerprint. */
export async function rememberKey(key: Buffer, { name, url }: KeySource, machine: Machine): Promise<void> {
  await mkdir(join(machine.stateFolder, 'repository-keys'), { recursive: true, mode: 0o700 })
  await writeFileAtomic(memoryOf(name, machine), memory(url, key), { mode: 0o600 })
}

export async function forgetKey(name: string, machine: Machine): Promise<void> {
  await rm(memoryOf(name, machine), { force: true })
}

function memory(url: string, key: Buffer): string {
  return `${JSON.stringify({ url: createHash('sha256').update(url).digest('hex'), sha256: createHash('sha256').update(key).digest('hex') })}\n`
}

function memoryOf(name: string, machine: Machine): string {
  return join(machine.stateFolder, 'repository-keys', `${name}.json`)
}
