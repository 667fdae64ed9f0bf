import { decodeSnapshot, MAX_SNAPSHOT_BYTES, type spannerRoutes } from '#node/api'
import type { Handlers } from '#node/api/server'
import type { Audit } from '#node/audit'
import { concatBytes } from '#node/kit'
import type { Principal } from '../http/principal.ts'
import { SpannerError } from '../spanner/errors.ts'
import type { Spanner } from '../spanner/types.ts'
import { recorded } from './recorded.ts'

export interface SpannerParts {
  readonly spanner: Spanner
  readonly audit: Audit
}

export function spannerHandlers({ spanner, audit }: SpannerParts): Handlers<typeof spannerRoutes, Principal> {
  return {
    spannerStatus: async ({ signal }) => await spanner.status({ signal }),
    spannerInit: async ({ user, signal }) => {
      const words = { author: user.name, reason: '' }
      await recorded(audit, user, { action: 'spanner.init', target: '' }, () => spanner.init(words, { signal }))
      return await spanner.status({ signal })
    },
    spannerPublish: async ({ body, user, upload, signal }) => {
      if (upload === null) throw new SpannerError('bad-snapshot', 'a publish needs the files')
      const snapshot = decodeSnapshot(await all(upload.bytes))
      const { reason = '', kind, base } = body
      const act = { action: `config.${kind}`, target: '', details: { reason } }
      return await recorded(
        audit,
        user,
        act,
        () => spanner.publish(snapshot, { author: user.name, reason, kind, base }, { signal }),
        answer =>
          answer.outcome === 'published'
            ? { target: answer.entry.release, details: { number: answer.entry.number, commit: answer.commit } }
            : { outcome: answer.outcome === 'invalid' ? 'failed' : 'done', details: { result: answer.outcome } },
      )
    },
    spannerResolve: async ({ body: { take, reason = '' }, user, signal }) => {
      const act = { action: 'spanner.resolve', target: take, details: { reason } }
      return await recorded(audit, user, act, () => spanner.resolve({ take, author: user.name, reason }, { signal }))
    },
    spannerSources: async ({ body: { base }, signal }) => {
      const sources = await spanner.sources(base, { signal })
      return {
        release: sources.release,
        commit: sources.commit,
        files: sources.files.map(({ path, bytes }) => ({ path, base64: Buffer.from(bytes).toString('base64') })),
        base: sources.base === null ? null : Array.from(sources.base, ([path, sha256]) => ({ path, sha256 })),
      }
    },
    bolt: async ({ body: { bolt }, signal }) => await spanner.bolt(bolt, { signal }),
    setBoltPatterns: async ({ body: { bolt, patterns }, user, signal }) => {
      const act = { action: 'bolt.patterns', target: bolt, details: { patterns: patterns.join(' ') } }
      await recorded(audit, user, act, () => spanner.setPatterns(bolt, patterns))
      return await spanner.bolt(bolt, { signal })
    },
    drainBolt: async ({ body: { bolt, draining }, user, signal }) => {
      const act = { action: draining ? 'bolt.drain' : 'bolt.undrain', target: bolt }
      await recorded(audit, user, act, () => spanner.setDraining(bolt, draining))
      return await spanner.bolt(bolt, { signal })
    },
    reassignEnvoy: async ({ body: { envoy, bolt }, user }) => {
      const act = { action: 'envoy.reassign', target: envoy, details: { bolt: bolt ?? '' } }
      await recorded(audit, user, act, () => spanner.reassign(envoy, bolt ?? null))
      return {}
    },
    askBolt: async ({ body: { bolt, route, body }, signal }) => ({
      reply: await spanner.ask(bolt, route, body, { signal }),
    }),
  }
}

/** @throws SpannerError 'bad-snapshot' when it is longer than a configuration may be */
async function all(bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of bytes) {
    size += part.byteLength
    if (size > MAX_SNAPSHOT_BYTES) {
      throw new SpannerError('bad-snapshot', `a configuration may have ${MAX_SNAPSHOT_BYTES / 2 ** 20} MiB at most`)
    }
    parts.push(part)
  }
  return concatBytes(...parts)
}
