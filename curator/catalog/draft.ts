import { dictionary } from '#node/kit'
import type { SignedRecord } from '#swarm/record'
import type { Artifact } from './catalog.ts'
import { type ArtifactKind, type Entry, type PlatformBlob, platformOf, TAG, VERSION } from './entry.ts'
import { CatalogError } from './errors.ts'

/** One mutation that a publisher asks for. */
export type Change =
  | {
      readonly type: 'push'
      readonly kind: ArtifactKind | null
      readonly version: string
      readonly blob: PlatformBlob
      readonly tags: readonly string[]
      readonly target: string | null
    }
  | { readonly type: 'tag'; readonly tag: string; readonly version: string }
  | { readonly type: 'untag'; readonly tag: string }
  | { readonly type: 'set-target'; readonly target: string }
  | { readonly type: 'remove' }
  | { readonly type: 'rekey' }

export interface DraftContext {
  readonly name: string
  readonly founder: string
  readonly signer: string
  /** Bridges from founder to signer. */
  readonly delegations: readonly SignedRecord[]
  /** 16 hex digits of this machine. */
  readonly writer: string
  readonly now: number
}

/**
 * The entry that carries out a change on what is known of the artifact (undefined: a first publication). It includes all
 * heads, so that it replaces them. @throws CatalogError 'conflict', 'unknown-…' or 'usage'
 */
export function draftEntry(current: Artifact | undefined, change: Change, context: DraftContext): Entry {
  const heads = current?.heads ?? []
  const view = current?.view
  const clock = dictionary<number>()
  for (const { entry } of heads) {
    for (const [writer, count] of Object.entries(entry.clock)) clock[writer] = Math.max(clock[writer] ?? 0, count)
  }
  clock[context.writer] = (clock[context.writer] ?? 0) + 1
  if (change.type !== 'push' && (view === undefined || view.tombstone)) {
    throw new CatalogError('unknown-artifact', `'${context.name}' is not published; nothing to change`)
  }
  const base: Entry = {
    name: context.name,
    kind: view?.kind ?? 'generic',
    founder: context.founder,
    signer: context.signer,
    delegations: context.delegations,
    epoch: context.delegations.length,
    seq: 1 + Math.max(0, ...heads.map(head => head.entry.seq)),
    parents: heads.map(head => head.hash),
    clock,
    versions: view?.tombstone ? {} : (view?.versions ?? {}),
    tags: view?.tombstone ? {} : (view?.tags ?? {}),
    target: view?.tombstone ? '' : (view?.target ?? ''),
    recipients: view?.recipients ?? ['*'],
    tombstone: false,
    issuedAt: context.now,
  }
  return applyChange(base, change, current === undefined)
}

function applyChange(base: Entry, change: Change, isFirst: boolean): Entry {
  switch (change.type) {
    case 'push':
      return applyPush(base, change, isFirst)
    case 'tag':
      requireTag(change.tag)
      if (!Object.hasOwn(base.versions, change.version)) {
        throw new CatalogError(
          'unknown-version',
          `'${base.name}' has no version ${change.version}${listed(base.versions)}`,
        )
      }
      return { ...base, tags: dictionary([...Object.entries(base.tags), [change.tag, change.version]]) }
    case 'untag': {
      if (!Object.hasOwn(base.tags, change.tag)) {
        throw new CatalogError('unknown-tag', `'${base.name}' has no tag ${change.tag}${listed(base.tags)}`)
      }
      return { ...base, tags: dictionary(Object.entries(base.tags).filter(([tag]) => tag !== change.tag)) }
    }
    case 'set-target':
      return { ...base, target: change.target }
    case 'remove':
      return { ...base, versions: {}, tags: {}, target: '', tombstone: true }
    case 'rekey':
      return base
  }
}

function applyPush(base: Entry, change: Extract<Change, { type: 'push' }>, isFirst: boolean): Entry {
  const { version, blob } = change
  if (!VERSION.test(version)) {
    throw new CatalogError('usage', `version '${version}' is not allowed: up to 128 of A-Z a-z 0-9 . _ + -`)
  }
  if (!isFirst && change.kind !== null && change.kind !== base.kind) {
    throw new CatalogError(
      'conflict',
      `'${base.name}' was published as ${base.kind}; its kind cannot become ${change.kind}`,
    )
  }
  const ociName = (text: string) => text.replaceAll('+', '_')
  const twin = Object.keys(base.versions).find(other => other !== version && ociName(other) === ociName(version))
  if (twin !== undefined) {
    throw new CatalogError(
      'conflict',
      `version ${version} and ${twin} of '${base.name}' are the same for OCI clients; choose another`,
    )
  }
  const platforms = Object.hasOwn(base.versions, version) ? (base.versions[version] ?? []) : []
  const present = platformOf(platforms, blob.os, blob.arch)
  if (present !== undefined && present.blobSha !== blob.blobSha) {
    throw new CatalogError(
      'conflict',
      `'${base.name}' version ${version} for ${blob.os}/${blob.arch} is published with other bytes (${present.blobSha.slice(0, 12)}…); push a new version`,
      { context: { published: present.blobSha } },
    )
  }
  for (const tag of change.tags) requireTag(tag)
  const joined = present === undefined ? [...platforms, blob] : platforms
  return {
    ...base,
    kind: isFirst ? (change.kind ?? 'generic') : base.kind,
    versions: dictionary([...Object.entries(base.versions), [version, joined]]),
    tags: dictionary([...Object.entries(base.tags), ...change.tags.map(tag => [tag, version] as const)]),
    target: change.target ?? base.target,
  }
}

function requireTag(tag: string): void {
  if (!TAG.test(tag)) throw new CatalogError('usage', `tag '${tag}' is not allowed: up to 128 of A-Z a-z 0-9 . _ + -`)
}

function listed(known: Readonly<Record<string, unknown>>): string {
  const names = Object.keys(known)
  return names.length === 0 ? '' : `; it has ${names.slice(-8).join(', ')}`
}
