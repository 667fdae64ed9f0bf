import { treeChecker } from '#config/publish'
import {
  type ConfigStore,
  changesBetween,
  diffEntries,
  diffReleases,
  loadConfig,
  type Releases,
  renderReleaseDiff,
  type Traits,
  type Tree,
} from '#config/store'
import type { configRoutes } from '#node/api'
import type { Handlers } from '#node/api/server'
import type { Audit } from '#node/audit'
import type { FleetView } from '../fleet/types.ts'
import type { Principal } from '../http/principal.ts'
import type { Policy } from '../policy/index.ts'
import type { Publishing } from '../spanner/types.ts'
import { configVersion, diagnosticRows } from './present.ts'
import { recorded } from './recorded.ts'

export interface ConfigParts {
  readonly releases: Releases
  readonly policy: Policy
  readonly spanner: Pick<Publishing, 'rollback'>
  readonly fleet: Pick<FleetView, 'rows' | 'traits'>
  readonly audit: Audit
}

/** Hosts that a difference is worked out for; it is made-up hosts of each entry beyond. */
const MAX_DIFF_HOSTS = 500

export function configHandlers(parts: ConfigParts): Handlers<typeof configRoutes, Principal> {
  const { releases, policy, spanner, audit } = parts
  return {
    configVersion: async () => configVersion(policy),
    reloadConfig: async ({ user, signal }) => {
      const isChanged = await reload(parts, user, signal)
      return { ...configVersion(policy), isChanged }
    },
    releases: async ({ body }) => {
      const { entries } = await releases.history({ limit: body.limit ?? 50 })
      return { live: await releases.live(), entries }
    },
    release: async ({ body }) => await releases.find(body.release),
    diffReleases: async ({ body, signal }) => await difference(parts, body, signal),
    rollback: async ({ body, user, signal }) => {
      const { to, reason = '', force = false } = body
      const act = { action: 'config.rollback', target: to ?? 'before', details: { reason, force } }
      const result = await recorded(
        audit,
        user,
        act,
        () =>
          spanner.rollback({
            checker: treeChecker(),
            author: user.name,
            reason,
            to,
            evenIfFrozen: force,
            signal,
          }),
        ({ outcome, entry }) => ({
          target: entry.release,
          outcome: outcome === 'invalid' ? 'failed' : 'done',
          details: { number: entry.number, result: outcome },
        }),
      )
      const { outcome, entry } = result
      if (outcome === 'invalid') return { outcome, entry, diagnostics: diagnosticRows(result.diagnostics) }
      await policy.reload()
      return { outcome, entry, version: configVersion(policy) }
    },
    frozen: async () => ({ freeze: await releases.frozen() }),
    freeze: async ({ body, user }) => {
      const { until, reason = '' } = body
      return await recorded(audit, user, { action: 'config.freeze', target: until, details: { reason } }, () =>
        releases.freeze({ until, reason, author: user.name }),
      )
    },
    unfreeze: async ({ user }) => {
      const act = { action: 'config.unfreeze', target: '' }
      return { wasFrozen: await recorded(audit, user, act, () => releases.unfreeze()) }
    },
  }
}

/** What went live is on record under the name of what made it so: publishing itself works on folders. */
async function reload(
  { policy, releases, audit }: ConfigParts,
  user: Principal,
  signal: AbortSignal,
): Promise<boolean> {
  const load = async () => {
    const { isChanged, release, version } = await policy.reload({ signal })
    const { entry } = await releases.status()
    return { isChanged, version, release, entry: isChanged && entry?.release === release ? entry : null }
  }
  const { isChanged } = await recorded(
    audit,
    user,
    { action: 'config.reload', target: policy.release ?? '' },
    load,
    ({ release, version, entry }) => ({
      target: release ?? '',
      ...(entry === null ? {} : { action: `config.${entry.kind}` }),
      details:
        entry === null ? { version } : { version, number: entry.number, author: entry.author, reason: entry.reason },
    }),
  )
  return isChanged
}

async function difference({ releases, fleet }: ConfigParts, names: { from: string; to: string }, signal: AbortSignal) {
  const [from, to] = [await releases.find(names.from), await releases.find(names.to)]
  const [before, after] = [await releases.tree(from.release, { signal }), await releases.tree(to.release, { signal })]
  const { added, changed, removed } = changesBetween(before.files, after.files)
  const rows = fleet.rows().slice(0, MAX_DIFF_HOSTS)
  const hosts: { host: string; traits: Traits | undefined }[] = []
  for (const { hostname, peer } of rows) {
    signal.throwIfAborted()
    hosts.push({ host: hostname, traits: ((await fleet.traits(peer)) as Traits | null) ?? undefined })
  }
  const [old, fresh] = [configOf(before), configOf(after)]
  const diff = hosts.length > 0 ? diffReleases(old, fresh, hosts) : diffEntries(old, fresh)
  return {
    from: from.release,
    to: to.release,
    files: { added, changed, removed },
    groups: diff.groups,
    unchanged: diff.unchanged,
    failed: diff.failed.map(failure => ({ ...failure, diagnostics: diagnosticRows(failure.diagnostics) })),
    text: renderReleaseDiff(diff),
  }
}

function configOf({ files }: Tree): ConfigStore {
  return loadConfig(files.map(({ path, bytes }) => ({ path, text: new TextDecoder().decode(bytes) })))
}
