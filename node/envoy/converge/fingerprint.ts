import canonicalize from 'canonicalize'
import type { BundleResource } from '#config/store'
import { sha256Hex } from '#node/kit'

/**
 * What a resource asks for, as SHA-256: its type, attributes and condition, and `secrets`, a digest of the values that its
 * references stand for. When it is what it was, a difference on the machine is drift; otherwise it is intended.
 */
export function fingerprintOf(resource: BundleResource, secrets = ''): string {
  const { type, custom, attributes, when } = resource
  return sha256Hex(canonicalize({ type, custom, attributes, when, secrets }) ?? '')
}
