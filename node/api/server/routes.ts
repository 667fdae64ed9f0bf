import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isAbort, type Logger, messageOf, VigoError } from '#node/kit'
import {
  type AnyRoute,
  type BodyOf,
  type Caller,
  type EventOf,
  pathFields,
  type ReplyOf,
  type Routes,
} from '../contract.ts'
import { ApiError, errorBody, statusOf } from '../errors.ts'
import { asApiError } from './app.ts'
import { readInput, uploadOf } from './input.ts'
import { LineStream } from './lines.ts'
import type { UnixUser } from './unix-logins.ts'

export interface Call<R extends AnyRoute, User> {
  readonly body: BodyOf<R>
  readonly user: User
  /** Fires when the caller goes away. */
  readonly signal: AbortSignal
  /** For routes with events that tell progress: dropped while the caller is slow to read, because the next one says more. */
  readonly emit: (event: Answer<EventOf<R>>) => void
  /** For routes with events that must all arrive; resolves when the caller is ready for the next one. */
  readonly deliver: (event: Answer<EventOf<R>>) => Promise<void>
  /** For uploads. */
  readonly upload: ReturnType<typeof uploadOf> | null
}

/** What handlers may answer with: the reply, of which nothing is changed any more. */
export type Answer<T> = T extends readonly (infer Item)[]
  ? readonly Answer<Item>[]
  : T extends object
    ? { readonly [K in keyof T]: Answer<T[K]> }
    : T

export type Handler<R extends AnyRoute, User = UnixUser | null> = (call: Call<R, User>) => Promise<Answer<ReplyOf<R>>>
export type Handlers<Table extends Routes, User = UnixUser | null> = {
  readonly [K in keyof Table]: Handler<Table[K], User>
}

/** Whom a server serves, and what it does about those it does not. */
export interface Face<User> {
  /** Who asks; null for nobody known. @throws VigoError */
  identify(request: FastifyRequest): Promise<User | null>
  /** @throws VigoError 'unauthorized' or 'forbidden' */
  authorise(caller: Caller, user: User | null, request: { readonly route: AnyRoute | null }): Promise<void>
  /** What the caller is told of a fault that is not a refusal. */
  explainFault(error: unknown, route: AnyRoute): VigoError
  readonly logger: Logger
  /** Of every answer. */
  readonly headers: Readonly<Record<string, string>>
}

/** Serves the routes of a table. Who may not call is refused before anything else of the request is looked at. */
export function addRoutes<Table extends Routes, User>(
  app: FastifyInstance,
  table: Table,
  handlers: Handlers<Table, User>,
  face: Face<User>,
): void {
  for (const name of Object.keys(table)) {
    const route = table[name]
    const handler = handlers[name]
    if (route !== undefined && handler !== undefined) {
      addRoute(app, route, handler as unknown as Handler<AnyRoute, User>, face)
    }
  }
}

/**
 * Answers everything else below a prefix: other methods of these routes, and paths that are none, to those who may call at all.
 */
export function addFallback<User>(app: FastifyInstance, prefix: string, table: Routes, face: Face<User>): void {
  const shapes = Object.values(table).map(route => ({ route, shape: shapeOf(route) }))
  const onRequest = async (request: FastifyRequest): Promise<void> =>
    face.authorise('viewer', await face.identify(request), { route: null })
  app.all(`${prefix}/*`, { onRequest }, async (request, reply) => {
    const [path = ''] = request.url.split('?')
    const allowed = shapes.filter(({ shape }) => shape.test(path)).flatMap(({ route }) => methodsOf(route))
    if (allowed.length === 0) throw new ApiError('not-found', 'no such route')
    void reply.header('allow', [...new Set(allowed), 'OPTIONS'].join(', '))
    if (request.method === 'OPTIONS') return reply.code(204).send()
    throw new ApiError('no-method', `${path} has no method ${request.method}`)
  })
}

function methodsOf(route: AnyRoute): string[] {
  return hasHead(route) ? ['GET', 'HEAD'] : [route.method]
}

function hasHead(route: AnyRoute): boolean {
  return route.method === 'GET' && route.event === undefined
}

function shapeOf(route: AnyRoute): RegExp {
  const literal = route.path.replaceAll('.', '\\.')
  return new RegExp(`^${pathFields(route).reduce((path, name) => path.replace(`:${name}`, '[^/]+'), literal)}$`)
}

function addRoute<User>(
  app: FastifyInstance,
  route: AnyRoute,
  handler: Handler<AnyRoute, User>,
  face: Face<User>,
): void {
  const users = new WeakMap<FastifyRequest, User | null>()
  app.route({
    method: route.method,
    url: route.path,
    config: { isUpload: route.upload === true },
    exposeHeadRoute: hasHead(route),
    onRequest: async request => {
      const user = await face.identify(request)
      await face.authorise(route.caller, user, { route })
      users.set(request, user)
    },
    errorHandler: (error, _request, reply) => {
      const told = toldOf(asApiError(error), route, face)
      void reply.code(statusOf(told)).headers(face.headers).send(errorBody(told))
    },
    handler: async (request, reply) => {
      const gone = new AbortController()
      reply.raw.on('close', () => {
        if (!reply.raw.writableFinished) gone.abort(new ApiError('broken-answer', 'the caller went away'))
      })
      const call: Call<AnyRoute, User> = {
        body: readInput(route, request),
        user: users.get(request) as User,
        signal: gone.signal,
        emit: () => undefined,
        deliver: async () => undefined,
        upload: route.upload === true ? uploadOf(request) : null,
      }
      if (route.event !== undefined) return await stream(reply, route, handler, call, face)
      return await reply.headers(face.headers).send(await handler(call))
    },
  })
}

async function stream<User>(
  reply: FastifyReply,
  route: AnyRoute,
  handler: Handler<AnyRoute, User>,
  call: Call<AnyRoute, User>,
  face: Face<User>,
): Promise<void> {
  reply.hijack()
  using lines = new LineStream(reply.raw, face.headers, call.signal)
  try {
    const answer = await handler({
      ...call,
      emit: event => lines.offer({ event }),
      deliver: event => lines.deliver({ event }),
    })
    lines.write({ reply: answer })
  } catch (error) {
    if (!isAbort(error)) face.logger.debug('call-failed', { path: route.path, reason: messageOf(error) })
    lines.write({ error: errorBody(toldOf(error, route, face)) })
  }
}

function toldOf<User>(error: unknown, route: AnyRoute, face: Face<User>): unknown {
  return error instanceof VigoError && statusOf(error) !== 500 ? error : face.explainFault(error, route)
}
