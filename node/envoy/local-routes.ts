import { envoyRoutes, type PassReply } from '#node/api'
import type { Api } from '#node/api/server'
import type { Agent } from './agent.ts'
import type { PassResult } from './loop/index.ts'

/** What people and programs of this machine may ask its agent. */
export function addEnvoyRoutes(api: Api, { loop, traits }: Agent): void {
  api.add(envoyRoutes, {
    state: async () => loop.status(),
    traits: async ({ signal }) => ({ traits: { ...(await traits.collect({ signal })).traits } }),
    pass: async ({ body }) => replyOf(body.dryRun ? await loop.preview() : await loop.passNow()),
  })
}

export function replyOf(result: PassResult): PassReply {
  if (result.kind === 'nothing') return { run: null, reason: result.reason }
  const { run, results } = result.converged
  const { id, release, mode, outcome, offline, startedAt, durationMs, counts } = run
  return {
    run: { id, release, mode, outcome, offline, startedAt, durationMs, counts: { ...counts }, results: [...results] },
    reason: '',
  }
}
