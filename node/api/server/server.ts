import { chmod, mkdir, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Logger, messageOf, VigoError } from '#node/kit'
import type { Caller, Routes } from '../contract.ts'
import { ApiError, errorBody } from '../errors.ts'
import { createApp, fail } from './app.ts'
import { type RawStream, serveRawStreams } from './raw-streams.ts'
import { addRoutes, type Face, type Handlers } from './routes.ts'
import type { UnixLogins, UnixUser } from './unix-logins.ts'

/** Bodies of requests that are not uploads. A catalog entry of 4 MiB in JSON fits. */
const MAX_BODY_BYTES = 9 * 1024 * 1024

/** @throws VigoError 'unauthorized' or 'forbidden' */
export type Authorise = (caller: Caller, user: UnixUser | null) => Promise<void>

export interface ApiOptions {
  logins: UnixLogins
  authorise: Authorise
  logger: Logger
}

/** An HTTP server of routes on a Unix socket, whose callers prove which user they are. */
export class Api {
  readonly #app: FastifyInstance
  readonly #face: Face<UnixUser | null>
  readonly #rawStreams = new Map<string, RawStream>()

  constructor({ logins, authorise, logger }: ApiOptions) {
    this.#app = createApp({ maxBodyBytes: MAX_BODY_BYTES, requestTimeoutMs: 0 })
    this.#app.setNotFoundHandler((_request, reply) => fail(reply, new ApiError('not-found', 'no such route')))
    addLogin(this.#app, logins)
    this.#face = {
      identify: async request => logins.userOf(sessionOf(request)),
      authorise,
      explainFault: explainLocally,
      logger,
      headers: {},
    }
    const identify = (session: string | undefined): UnixUser | null => logins.userOf(session)
    serveRawStreams(this.#app, this.#rawStreams, { identify, authorise, logger })
  }

  addRaw(stream: RawStream): this {
    this.#rawStreams.set(stream.path, stream)
    return this
  }

  add<Table extends Routes>(table: Table, handlers: Handlers<Table, UnixUser | null>): this {
    addRoutes(this.#app, table, handlers, this.#face)
    return this
  }

  /** Listens until `close`. A socket that a dead process left is replaced. */
  async listenOnSocket(path: string, mode: number): Promise<void> {
    await listenOnSocket(this.#app, path, mode)
  }

  async close(): Promise<void> {
    await this.#app.close()
  }
}

export async function listenOnSocket(app: FastifyInstance, path: string, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 })
  await rm(path, { force: true })
  await app.listen({ path })
  await chmod(path, mode)
}

/** The two routes with which a process shows whose it is. */
export function addLogin(app: FastifyInstance, logins: UnixLogins): void {
  app.post('/v1/login/challenge', async () => logins.challenge())
  app.post('/v1/login', async request => {
    const path = (request.body as { path?: unknown } | null)?.path
    if (typeof path !== 'string') throw new ApiError('bad-request', 'path is missing')
    return logins.login(path)
  })
}

/** The session that a login gave, from the header of a request. */
export function sessionOf(request: FastifyRequest): string | undefined {
  return /^Bearer ([0-9a-f]{64})$/.exec(request.headers.authorization ?? '')?.[1]
}

/** Who is on this machine may know what the machine said. */
export function explainLocally(error: unknown): VigoError {
  if (error instanceof VigoError) return error
  return new VigoError(errorBody(error).code, messageOf(error), { cause: error })
}
