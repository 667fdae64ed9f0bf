import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { addLogin, createApp, listenOnSocket, UnixLogins } from '#node/api/server'
import type { Audit } from '#node/audit'
import type { Layout, Logger } from '#node/kit'
import { addRest, type RestHandlers, socketFace } from './rest/index.ts'

const MAX_BODY_BYTES = 9 * 1024 * 1024

/** `vigosrv.sock`: the server's API for its administrator (mode 0600 and the owner's proof). */
export async function startServerSocket(options: {
  layout: Layout
  handlers: RestHandlers
  audit: Audit
  logger: Logger
}): Promise<FastifyInstance> {
  const { layout, handlers, audit, logger } = options
  await mkdir(layout.run, { recursive: true, mode: 0o755 })
  const logins = new UnixLogins(join(layout.run, 'vigosrv-logins'))
  await logins.prepare()
  const app = createApp({ maxBodyBytes: MAX_BODY_BYTES, requestTimeoutMs: 0 })
  addLogin(app, logins)
  addRest(app, handlers, socketFace(logins, { audit, logger }))
  await listenOnSocket(app, layout.socket('vigosrv'), 0o600)
  return app
}
