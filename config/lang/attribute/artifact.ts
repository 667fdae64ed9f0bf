import { isHex } from '#node/kit'

const SHAPE = /^(?:([^/:@\s]+)\/)?([^/:@\s]+)(?:[:@]([^/:@\s]+))?$/
const NAME = /^[a-z0-9][a-z0-9._-]{0,127}$/
const PUDDLE = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const VERSION = /^[A-Za-z0-9_][A-Za-z0-9._+-]{0,127}$/

/**
 * Whether a text has one of the forms in which artifacts are named: `<name>:<tag>`, `<name>@<version>`, with `<puddle>/` or
 * `<64 hex digits>/` before it; without tag and version the tag `latest` is meant. Whether there is such an artifact is not asked.
 */
export function isArtifactReference(text: string): boolean {
  const match = text.length > 512 ? null : SHAPE.exec(text)
  if (match === null) return false
  const [, namespace, name = '', version] = match
  if (namespace !== undefined && !PUDDLE.test(namespace) && !isHex(namespace, 32)) return false
  return NAME.test(name) && (version === undefined || VERSION.test(version))
}
