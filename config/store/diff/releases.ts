import { type Diagnostic, renderDiagnostic } from '#config/lang'
import { type Bundle, type CompileResult, compile, compileExample, type Traits } from '../compile/index.ts'
import type { ConfigStore } from '../tree/index.ts'
import { type Change, diffBundles } from './bundles.ts'
import { exampleHosts } from './representatives.ts'

/** A host to compare releases for; without traits it is compared as an example. */
export interface DiffHost {
  readonly host: string
  readonly traits?: Traits | undefined
}

/** What two releases mean for hosts. */
export interface ReleaseDiff {
  /** Hosts that get the same change, the biggest group first. */
  readonly groups: readonly ChangeGroup[]
  /** Hosts for which nothing changes. */
  readonly unchanged: number
  /** Hosts that one of the releases cannot be compiled for. */
  readonly failed: readonly {
    readonly host: string
    readonly in: 'before' | 'after'
    readonly diagnostics: readonly Diagnostic[]
  }[]
}

export interface ChangeGroup {
  readonly hosts: readonly string[]
  readonly changes: readonly HostChange[]
}

export type HostChange = Change | { readonly kind: 'matched' | 'unmatched'; readonly resources: number }

/** Differences of the bundles of every host, grouped by identical change. */
export function diffReleases(before: ConfigStore, after: ConfigStore, hosts: Iterable<DiffHost>): ReleaseDiff {
  const groups = new Map<string, { hosts: string[]; changes: readonly HostChange[] }>()
  const keys = new WeakMap<readonly HostChange[], string>()
  const failed: ReleaseDiff['failed'][number][] = []
  let unchanged = 0
  for (const { host, traits } of hosts) {
    const [old, now] = [before, after].map(store => answer(store, host, traits))
    if (old?.outcome === 'failed') failed.push({ host, in: 'before', diagnostics: old.diagnostics })
    else if (now?.outcome === 'failed') failed.push({ host, in: 'after', diagnostics: now.diagnostics })
    else {
      const changes = changesOf(bundleIn(old), bundleIn(now))
      if (changes.length === 0) {
        unchanged++
        continue
      }
      const key = keys.get(changes) ?? JSON.stringify(changes)
      keys.set(changes, key)
      const group = groups.get(key)
      if (group === undefined) groups.set(key, { hosts: [host], changes })
      else group.hosts.push(host)
    }
  }
  return { groups: [...groups.values()].toSorted((a, b) => b.hosts.length - a.hosts.length), unchanged, failed }
}

/** The same for one made-up host of each entry of either release, for whoever does not know the fleet. */
export function diffEntries(before: ConfigStore, after: ConfigStore): ReleaseDiff {
  const names = new Set([...exampleHosts(after), ...exampleHosts(before)])
  return diffReleases(
    before,
    after,
    Array.from(names, host => ({ host })),
  )
}

function answer(store: ConfigStore, host: string, traits: Traits | undefined): CompileResult {
  return traits === undefined ? compileExample(store, host) : compile(store, host, traits)
}

function bundleIn(result: CompileResult | undefined): Bundle | undefined {
  return result?.outcome === 'compiled' ? result.bundle : undefined
}

function changesOf(before: Bundle | undefined, after: Bundle | undefined): readonly HostChange[] {
  if (before !== undefined && after !== undefined) return diffBundles(before, after)
  if (after !== undefined) return [{ kind: 'matched', resources: after.resources.length }]
  return before === undefined ? [] : [{ kind: 'unmatched', resources: before.resources.length }]
}

const MAX_NAMED_HOSTS = 5

export function renderReleaseDiff({ groups, unchanged, failed }: ReleaseDiff): string {
  const lines: string[] = []
  for (const { hosts, changes } of groups) {
    const more = hosts.length - MAX_NAMED_HOSTS
    const names = hosts.slice(0, MAX_NAMED_HOSTS).join(', ') + (more > 0 ? ` and ${more} more` : '')
    lines.push(
      `${hosts.length} ${hosts.length === 1 ? 'host' : 'hosts'}: ${names}`,
      ...changes.flatMap(changeLines),
      '',
    )
  }
  for (const { host, in: release, diagnostics } of failed) {
    lines.push(
      `${host}: cannot be compiled ${release} the change`,
      ...diagnostics.slice(0, 3).map(renderDiagnostic),
      '',
    )
  }
  lines.push(`${unchanged} ${unchanged === 1 ? 'host does' : 'hosts do'} not change`)
  return `${lines.join('\n')}\n`
}

function changeLines(change: HostChange): string[] {
  switch (change.kind) {
    case 'added':
      return [`  + ${change.type} ${change.id}`]
    case 'removed':
      return [`  - ${change.type} ${change.id}`]
    case 'changed':
      return [
        `  ~ ${change.type} ${change.id}`,
        ...change.values.map(({ name, before, after }) => `      ${name}: ${shown(before)} → ${shown(after)}`),
      ]
    case 'reordered':
      return ['  ~ the same resources in another order']
    case 'other':
      return [`  ~ ${change.what}`]
    case 'matched':
      return [`  + an entry matches the host now; it gets ${change.resources} resources`]
    case 'unmatched':
      return [
        `  - no entry matches the host any more; it keeps what it has, and ${change.resources} resources are no longer managed`,
      ]
  }
}

function shown(value: unknown): string {
  if (value === undefined) return '(none)'
  const text = JSON.stringify(value)
  return text.length <= 120 ? text : `${text.slice(0, 119)}…`
}
