import type { Static, TSchema } from '@sinclair/typebox'

/** Who may call: any local user, one who may publish from this machine, or its administrator. */
export type Caller = 'anyone' | 'publisher' | 'admin'

/**
 * One route, defined once: the server validates with it, the client is typed by it, the documentation is generated from it.
 * With `event` the answer is a stream of JSON lines: events, then `{ "reply": … }` or `{ "error": … }`.
 * With `upload` the request body is bytes of a known length, and `body` travels in the query.
 */
export interface Route<Body extends TSchema, Reply extends TSchema, Event extends TSchema> {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly summary: string
  readonly caller: Caller
  readonly body: Body
  readonly reply: Reply
  readonly event?: Event
  readonly upload?: boolean
}

export type AnyRoute = Route<TSchema, TSchema, TSchema>
export type BodyOf<R extends AnyRoute> = Static<R['body']>
export type ReplyOf<R extends AnyRoute> = Static<R['reply']>
export type EventOf<R extends AnyRoute> = Static<NonNullable<R['event']>>

export function route<Body extends TSchema, Reply extends TSchema, Event extends TSchema = never>(
  definition: Route<Body, Reply, Event>,
): Route<Body, Reply, Event> {
  return definition
}

/** What a stream of JSON lines carries. */
export type Line<Event, Reply> = { readonly event: Event } | { readonly reply: Reply } | { readonly error: ErrorBody }

export interface ErrorBody {
  readonly code: string
  readonly message: string
  readonly details?: Readonly<Record<string, unknown>>
}
