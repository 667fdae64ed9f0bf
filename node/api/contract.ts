import type { Static, TSchema } from '@sinclair/typebox'

/**
 * Who may call. On a member's sockets: any local user, one who may publish from this machine, who may work on projects, or its administrator. On a server: a role,
 * of which each includes the ones before: `viewer`, `operator`, `admin`.
 */
export type Caller = 'anyone' | 'publisher' | 'gitback' | 'viewer' | 'operator' | 'admin'

/**
 * One route, defined once: the server validates with it, the client is typed by it, the documentation is generated from it.
 * A field of `body` that `path` names (`/envoys/:envoy`) travels in the path; the others in the query of a GET or DELETE and of an
 * upload, as JSON otherwise.
 * With `event` the answer is a stream of JSON lines: events, then `{ "reply": … }` or `{ "error": … }`; empty lines show that it lives.
 * With `upload` the request body is bytes of a known length.
 */
export interface Route<Body extends TSchema, Reply extends TSchema, Event extends TSchema> {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly summary: string
  readonly caller: Caller
  readonly body: Body
  readonly reply: Reply
  readonly event?: Event
  readonly upload?: boolean
}

export type AnyRoute = Route<TSchema, TSchema, TSchema>
export type Routes = Readonly<Record<string, AnyRoute>>
export type BodyOf<R extends AnyRoute> = Static<R['body']>
export type ReplyOf<R extends AnyRoute> = Static<R['reply']>
export type EventOf<R extends AnyRoute> = Static<NonNullable<R['event']>>

export function route<Body extends TSchema, Reply extends TSchema, Event extends TSchema = never>(
  definition: Route<Body, Reply, Event>,
): Route<Body, Reply, Event> {
  return definition
}

/** Names of the fields that travel in the path, in their order. */
export function pathFields({ path }: Pick<AnyRoute, 'path'>): string[] {
  return [...path.matchAll(/:([A-Za-z]+)/g)].map(([, name = '']) => name)
}

/** Whether the fields that are not in the path travel in the query. */
export function isQueried({ method, upload }: Pick<AnyRoute, 'method' | 'upload'>): boolean {
  return method !== 'POST' || upload === true
}

/** What a stream of JSON lines carries. */
export type Line<Event, Reply> = { readonly event: Event } | { readonly reply: Reply } | { readonly error: ErrorBody }

export interface ErrorBody {
  readonly code: string
  readonly message: string
  readonly details?: Readonly<Record<string, unknown>>
}
