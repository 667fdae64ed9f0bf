import { isHex } from '#node/kit'
import { PUDDLE_NAME, type PuddleDirectory } from '#swarm/puddle'
import type { Artifact, Catalog } from './catalog.ts'
import { ARTIFACT_NAME, artifactId, type PlatformBlob, platformOf, TAG, VERSION } from './entry.ts'
import { CatalogError } from './errors.ts'

/**
 * How people and config files name artifacts:
 *
 *     <name>[:<tag> | @<version>]
 *     <puddle name>/<name>[…]          <64 hex puddle key>/<name>[…]
 *     <64 hex artifact id>[/<name>][…]
 *
 * Without tag and version: tag `latest`. After `:` a version is taken too when no such tag exists.
 */
export interface Reference {
  readonly namespace: string | null
  readonly name: string
  readonly selector: { readonly type: 'tag' | 'version'; readonly value: string }
}

const SHAPE = /^(?:([^/:@]+)\/)?([^/:@]+)(?:([:@])([^/:@]+))?$/

/** @throws CatalogError 'usage' */
export function parseReference(text: string): Reference {
  const match = SHAPE.exec(text)
  const [, namespace, name = '', mark, value = 'latest'] = match ?? []
  const nameIsId = namespace === undefined && isHex(name, 32)
  if (!match || (!nameIsId && !ARTIFACT_NAME.test(name))) throw badReference(text)
  if (namespace !== undefined && !PUDDLE_NAME.test(namespace) && !isHex(namespace, 32)) throw badReference(text)
  if (!(mark === '@' ? VERSION : TAG).test(value)) throw badReference(text)
  return { namespace: namespace ?? null, name, selector: { type: mark === '@' ? 'version' : 'tag', value } }
}

function badReference(text: string): CatalogError {
  return new CatalogError(
    'usage',
    `'${text.slice(0, 200)}' is not an artifact reference; write <name>:<tag>, <name>@<version> or <puddle>/<name>:<tag>`,
  )
}

/**
 * The artifact that a reference means to this caller. A bare name is the caller's own puddle's, else the only one of that name.
 * @throws CatalogError 'unknown-artifact', 'unknown-puddle' or 'ambiguous'
 */
export function findArtifact(
  reference: Reference,
  known: { catalog: Catalog; directory: PuddleDirectory; ownPuddle: string | null },
): Artifact {
  const { catalog, directory, ownPuddle } = known
  const { namespace, name } = reference
  const live = (id: string): Artifact | undefined => {
    const artifact = catalog.get(id)
    return artifact === undefined || artifact.view.tombstone ? undefined : artifact
  }
  const ofPuddle = (puddle: string): Artifact | undefined =>
    [puddle, ...directory.olderKeys(puddle)].map(key => live(artifactId(key, name))).find(found => found !== undefined)

  if (namespace === null && isHex(name, 32)) {
    const artifact = live(name)
    if (artifact === undefined)
      throw new CatalogError('unknown-artifact', `no artifact with the id ${name} is known here`)
    return artifact
  }
  if (namespace !== null) {
    const byId = isHex(namespace, 32) ? live(namespace) : undefined
    if (byId !== undefined && byId.view.name === name) return byId
    const found = ofPuddle(isHex(namespace, 32) ? namespace : resolvePuddle(namespace, directory))
    if (found !== undefined) return found
    throw new CatalogError(
      'unknown-artifact',
      `puddle '${shorten(namespace)}' has published no '${name}' that is known here`,
    )
  }
  const own = ownPuddle === null ? undefined : ofPuddle(ownPuddle)
  if (own !== undefined) return own
  const sameName = [...catalog.artifacts()].filter(({ view }) => view.name === name && !view.tombstone)
  const [only, ...others] = sameName
  if (only === undefined) {
    throw new CatalogError(
      'unknown-artifact',
      `no artifact '${name}' is known here; if it was published a moment ago, try again, else check vigo swarm curator list`,
    )
  }
  if (others.length > 0) {
    const choices = sameName.map(({ view }) => `${directory.nameOf(view.founder) ?? view.founder}/${name}`)
    throw new CatalogError('ambiguous', `several puddles have published '${name}'; name one: ${choices.join(', ')}`)
  }
  return only
}

/** The newest key of the puddle with this name. @throws CatalogError 'unknown-puddle' or 'ambiguous' */
export function resolvePuddle(name: string, directory: PuddleDirectory): string {
  const answer = directory.resolve(name)
  if (answer.type === 'one') return answer.puddle
  if (answer.type === 'none') throw new CatalogError('unknown-puddle', `no puddle is called '${name}'`)
  throw new CatalogError(
    'ambiguous',
    `the name '${name}' is claimed by ${answer.puddles.length} puddles; use the key instead: ${answer.puddles.join(', ')}`,
  )
}

/** The version that a selector means. @throws CatalogError 'unknown-tag' or 'unknown-version' */
export function selectVersion(artifact: Artifact, selector: Reference['selector']): string {
  const { view } = artifact
  if (selector.type === 'tag') {
    const tagged = view.tags[selector.value]
    if (tagged !== undefined) return tagged
  }
  if (view.versions[selector.value] !== undefined) return selector.value
  const known = Object.keys(view.versions).slice(-8).join(', ')
  if (selector.type === 'tag') {
    const tags = Object.keys(view.tags).join(', ') || 'none'
    throw new CatalogError(
      'unknown-tag',
      `'${view.name}' has no tag ${selector.value} (tags: ${tags}; versions: ${known})`,
    )
  }
  throw new CatalogError('unknown-version', `'${view.name}' has no version ${selector.value}; it has ${known}`)
}

/** @throws CatalogError 'unknown-platform' */
export function selectPlatform(artifact: Artifact, version: string, os: string, arch: string): PlatformBlob {
  const platforms = artifact.view.versions[version] ?? []
  const found = platformOf(platforms, os, arch)
  if (found !== undefined) return found
  const known = platforms.map(platform => `${platform.os}/${platform.arch}`).join(', ')
  throw new CatalogError(
    'unknown-platform',
    `'${artifact.view.name}' ${version} is not published for ${os}/${arch}; it is for ${known} (choose with --platform)`,
  )
}

function shorten(namespace: string): string {
  return namespace.length === 64 ? `${namespace.slice(0, 12)}…` : namespace
}
