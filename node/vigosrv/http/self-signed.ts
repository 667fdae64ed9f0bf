import 'reflect-metadata'
import { randomBytes, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
/** A clock that is a little behind must not find it invalid. */
const EARLIER_MS = 3600e3
/** Long, because people pin it; clients that trust authorities are given one by an authority. */
const LIFE_MS = 10 * 365 * 86_400e3

/**
 * A P-256 key and a certificate that it signed itself, for these names and addresses, as PEM. The library's provider of cryptography is
 * not set here: there is one in a process, and connections between peers have set theirs.
 */
export async function selfSigned(
  names: readonly string[],
  now: number,
): Promise<{ readonly certificate: string; readonly key: string }> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: `00${randomBytes(15).toString('hex')}`,
      name: [{ CN: [names[0] ?? 'vigosrv'] }],
      notBefore: new Date(now - EARLIER_MS),
      notAfter: new Date(now + LIFE_MS),
      signingAlgorithm: ALGORITHM,
      keys: keys as never,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension(
          names.map(name => (isIP(name) === 0 ? { type: 'dns', value: name } : { type: 'ip', value: name })),
        ),
      ],
    },
    webcrypto as never,
  )
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  return { certificate: `${certificate.toString('pem')}\n`, key: `${PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n` }
}
