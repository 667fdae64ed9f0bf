import type { FastifyInstance } from 'fastify'
import { serverRoutes } from '#node/api'
import { addFallback, addRoutes, type Face, type Handlers } from '#node/api/server'
import type { Principal } from '../http/principal.ts'
import { type AccessParts, accessHandlers } from './access.ts'
import { type ConfigParts, configHandlers } from './config.ts'
import { type EnvoyParts, envoyHandlers } from './envoys.ts'
import { type GitbackParts, gitbackViewHandlers } from './gitback.ts'
import { type MachineParts, machineHandlers } from './machine.ts'
import { type MemberParts, memberHandlers } from './members.ts'
import { type RolloutParts, rolloutHandlers } from './rollout.ts'
import { type SpannerParts, spannerHandlers } from './spanner.ts'
import { type TaskParts, taskHandlers } from './tasks.ts'

export { networkFace, socketFace } from './face.ts'

export type RestParts = AccessParts &
  ConfigParts &
  EnvoyParts &
  GitbackParts &
  MachineParts &
  MemberParts &
  RolloutParts &
  SpannerParts &
  TaskParts

export type RestHandlers = Handlers<typeof serverRoutes, Principal>

/** What the server does for each of its routes. */
export function restHandlers(parts: RestParts): RestHandlers {
  return {
    ...machineHandlers(parts),
    ...configHandlers(parts),
    ...rolloutHandlers(parts),
    ...spannerHandlers(parts),
    ...gitbackViewHandlers(parts),
    ...envoyHandlers(parts),
    ...taskHandlers(parts),
    ...memberHandlers(parts),
    ...accessHandlers(parts),
  }
}

/** Adds the server's API below `/api/`. */
export function addRest(app: FastifyInstance, handlers: RestHandlers, face: Face<Principal>): void {
  addRoutes(app, serverRoutes, handlers, face)
  addFallback(app, '/api', serverRoutes, face)
}
