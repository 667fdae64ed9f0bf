import { type Static, Type } from '@sinclair/typebox'
import { route } from '../contract.ts'
import { Count, Empty } from './forms.ts'
import { ResourceRow } from './resource-row.ts'

const Mode = Type.Union([Type.Literal('enforce'), Type.Literal('dry-run')])
const Maybe = <T extends ReturnType<typeof Type.String> | typeof Count>(schema: T) => Type.Union([schema, Type.Null()])
const Counts = Type.Record(Type.String(), Count)

/** What the agent does as a managed machine. Times are Unix milliseconds. */
export const AgentState = Type.Object({
  /** Peer id of the server that it talks to. */
  bolt: Maybe(Type.String()),
  mode: Mode,
  release: Maybe(Type.String()),
  bundle: Maybe(Type.String()),
  intervalMs: Count,
  lastCheckIn: Maybe(Count),
  nextCheckIn: Maybe(Count),
  isRunning: Type.Boolean(),
  lastRun: Type.Union([
    Type.Object({
      id: Type.String(),
      outcome: Type.String(),
      mode: Mode,
      release: Type.String(),
      offline: Type.Boolean(),
      startedAt: Count,
      durationMs: Count,
      counts: Counts,
      failing: Type.Array(Type.Object({ id: Type.String(), state: Type.String(), message: Type.String() })),
    }),
    Type.Null(),
  ]),
  queuedReports: Count,
  droppedReports: Count,
  /** A sentence for everything that is waited for. */
  waiting: Type.Array(Type.String()),
})
export type AgentState = Static<typeof AgentState>

/** A run with all of its results, or why there was none. */
export const PassReply = Type.Object({
  run: Type.Union([
    Type.Object({
      id: Type.String(),
      release: Type.String(),
      mode: Mode,
      outcome: Type.Union([Type.Literal('completed'), Type.Literal('interrupted')]),
      offline: Type.Boolean(),
      startedAt: Count,
      durationMs: Count,
      counts: Counts,
      results: Type.Array(ResourceRow),
    }),
    Type.Null(),
  ]),
  /** Why there was no run; empty otherwise. */
  reason: Type.String(),
})
export type PassReply = Static<typeof PassReply>

/** What `agent.sock` of a managed machine has beside the routes of every member. */
export const envoyRoutes = {
  state: route({
    method: 'GET',
    path: '/v1/agent',
    summary: 'This machine as a managed one: its server, what it applies, its last run, what it waits for',
    caller: 'anyone',
    body: Empty,
    reply: AgentState,
  }),
  traits: route({
    method: 'GET',
    path: '/v1/traits',
    summary: 'Traits of this machine, collected now',
    caller: 'anyone',
    body: Empty,
    reply: Type.Object({ traits: Type.Record(Type.String(), Type.Unknown()) }),
  }),
  pass: route({
    method: 'POST',
    path: '/v1/passes',
    summary: 'Check in and put right what differs, now; or, dry, say what would be',
    caller: 'admin',
    body: Type.Object({ dryRun: Type.Boolean() }),
    reply: PassReply,
  }),
}
