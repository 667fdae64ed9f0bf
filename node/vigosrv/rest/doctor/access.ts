import type { Finding } from '#node/api'
import { formatDuration } from '#node/kit'
import type { HttpServer } from '../../http/server.ts'
import type { ApiTokens } from '../../http/tokens.ts'

const SOON_MS = 14 * 86_400e3

/** Certificates and tokens that end soon, or never. */
export function accessFindings(tokens: ApiTokens, { certificate }: HttpServer, now: number): Finding[] {
  const findings: Finding[] = []
  if (certificate !== null) {
    const leftMs = Date.parse(certificate.certificate.validTo) - now
    if (leftMs < SOON_MS) {
      findings.push({
        severity: leftMs < 0 ? 'error' : 'warning',
        code: 'certificate-ends',
        message:
          leftMs < 0
            ? 'the certificate of the API is expired'
            : `the certificate of the API ends in ${formatDuration(leftMs)}`,
        hint: 'put a new one where api.tls of server.yaml points, then: vigosrv reload',
        items: [],
      })
    }
  }
  const good = tokens.list().filter(({ revokedAt, expiresAt }) => revokedAt === null && (expiresAt ?? now + 1) > now)
  const ending = good.filter(({ expiresAt }) => expiresAt !== null && expiresAt - now < SOON_MS)
  if (ending.length > 0) {
    findings.push({
      severity: 'note',
      code: 'tokens-end',
      message: `${ending.length} API ${ending.length === 1 ? 'token ends' : 'tokens end'} within two weeks`,
      hint: 'make new ones for whoever needs them: vigocli token create',
      items: ending
        .map(({ name, expiresAt }) => `${name}: in ${formatDuration((expiresAt ?? now) - now)}`)
        .slice(0, 50),
    })
  }
  const endless = good.filter(({ expiresAt, role }) => expiresAt === null && role === 'admin')
  if (endless.length > 0) {
    findings.push({
      severity: 'note',
      code: 'tokens-endless',
      message: `${endless.length} admin ${endless.length === 1 ? 'token never expires' : 'tokens never expire'}`,
      hint: 'give tokens an end (--ttl), and programs the role operator or viewer',
      items: endless.map(({ name }) => name).slice(0, 50),
    })
  }
  return findings
}
