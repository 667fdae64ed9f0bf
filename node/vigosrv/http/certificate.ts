import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { codeOf, type Layout, type Logger, messageOf, writeFileAtomic } from '#node/kit'
import { HttpError } from './errors.ts'

/** What the server shows to those who connect. */
export interface ServerCertificate {
  /** With the chain, as in the file. */
  readonly pem: string
  readonly key: string
  /** The server's own, first of the chain. */
  readonly certificate: X509Certificate
  readonly isOwn: boolean
}

export interface CertificateOptions {
  readonly layout: Layout
  /** Of server.yaml; without it the server's own is used, and made when there is none. */
  readonly files: { readonly cert_file: string; readonly key_file: string } | undefined
  /** Host names that the own certificate must be for. */
  readonly names: readonly string[]
  /** Of this machine: the own certificate is for those that there are when it is made. */
  readonly addresses: readonly string[]
  readonly now: number
  readonly logger: Logger
}

const RENEW_BEFORE_MS = 30 * 86_400e3

/** SHA-256 of the certificate, hex. */
export function fingerprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase()
}

/** @throws HttpError 'bad-certificate' that names the file */
export async function loadCertificate(options: CertificateOptions): Promise<ServerCertificate> {
  const { files, layout } = options
  if (files !== undefined) return await read(files.cert_file, files.key_file, false)
  const folder = join(layout.state, 'node')
  const certificateFile = join(folder, 'api-certificate.pem')
  const keyFile = join(folder, 'api-key.pem')
  const kept = await read(certificateFile, keyFile, true).catch((error: unknown) => {
    if (error instanceof HttpError && codeOf(error.cause) === 'ENOENT') return null
    throw error
  })
  if (kept !== null && isGood(kept.certificate, options)) return kept
  const { selfSigned } = await import('./self-signed.ts')
  const made = await selfSigned([...options.names, ...options.addresses], options.now)
  await mkdir(dirname(keyFile), { recursive: true, mode: 0o700 })
  await writeFileAtomic(keyFile, made.key, { mode: 0o600 })
  await writeFileAtomic(certificateFile, made.certificate, { mode: 0o644 })
  const fresh = await read(certificateFile, keyFile, true)
  options.logger.info('api-certificate-made', {
    fingerprint: fingerprintOf(fresh.certificate),
    names: options.names,
    replaces: kept === null ? null : fingerprintOf(kept.certificate),
  })
  return fresh
}

/** People pin it: a server that is called by fewer names, or got another address, keeps it. */
function isGood(certificate: X509Certificate, { names, now }: CertificateOptions): boolean {
  if (Date.parse(certificate.validTo) < now + RENEW_BEFORE_MS) return false
  return names.every(name => certificate.checkHost(name) !== undefined)
}

async function read(certificateFile: string, keyFile: string, isOwn: boolean): Promise<ServerCertificate> {
  const pem = await readPem(certificateFile)
  const key = await readPem(keyFile)
  try {
    const certificate = new X509Certificate(pem)
    if (!certificate.checkPrivateKey(createPrivateKey(key))) {
      throw new HttpError('bad-certificate', `the key ${keyFile} is not that of the certificate ${certificateFile}`)
    }
    return { pem, key, certificate, isOwn }
  } catch (error) {
    if (error instanceof HttpError) throw error
    throw new HttpError(
      'bad-certificate',
      `${certificateFile} and ${keyFile} are not a certificate and its key in PEM (without a passphrase): ${messageOf(error)}`,
      { cause: error },
    )
  }
}

async function readPem(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new HttpError('bad-certificate', `the file ${file} cannot be read: ${messageOf(error)}`, { cause: error })
  }
}
