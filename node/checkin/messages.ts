import { type Static, Type } from '@sinclair/typebox'
import type { Bundle } from '#config/store'
import { HexHash, type Run, Run as RunSchema } from './run.ts'

/*
 * `/vigo/checkin/1`: one long-lived stream that an envoy opens to a bolt.
 *
 * Participants: the envoy, which dials, and the bolt, which answers. Who the envoy is, the connection proves; nothing in a message says it.
 * Goals: a check-in without news costs next to nothing; urgent things (check in now, tasks) reach the envoy at once without a port of its
 * own; each report is stored once, also after a lost connection.
 * Non-goals: bytes of artifacts (they travel on `/vigo/blobs/1`); more than one stream for each envoy: a new one ends the old one.
 *
 * Each frame is one message, JSON in UTF-8; an empty frame is `still`. The envoy speaks first (`hello`). Then either side sends when it has
 * something to say:
 *
 *     envoy -> bolt   hello       once, first
 *                     check-in    every interval; answered by one of `unchanged`, `bundle`, `no-policy`, `refused`
 *                     still       a check-in that says the same as the last one of this stream; answered like it, or by `still`
 *                     report      a run; answered by `report-stored`, until then the envoy keeps and repeats it
 *                     secrets     values of secrets that the envoy's own bundle refers to; answered by `secrets`
 *                     task-output, task-done
 *     bolt -> envoy   still       to `still` only: the same answer as the last one of this stream, which brought no bundle
 *                     check-in-now
 *                     run-task, cancel-task
 *
 * So a check-in without news is one byte each way, and nothing is parsed. One check-in is under way at a time. An unknown `type` is ignored by the envoy (a newer bolt) and ends the stream at the bolt. A bolt reads
 * no faster than one envoy may talk: whoever floods it waits.
 */

export const CHECKIN_PROTOCOL = '/vigo/checkin/1'

/** A bundle of some thousands of resources with their files. */
export const MAX_FROM_BOLT_BYTES = 32 * 1024 * 1024
/** A report of a thousand failures with output; a check-in is smaller. */
export const MAX_FROM_ENVOY_BYTES = 4 * 1024 * 1024
export const MAX_TRAITS_BYTES = 512 * 1024
export const MAX_TASK_OUTPUT_BYTES = 1024 * 1024

const Text = (maxLength: number) => Type.String({ maxLength })
const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
const Id = Type.String({ pattern: '^[0-9a-f]{32}$' })

export const Hello = Type.Object({
  type: Type.Literal('hello'),
  version: Text(64),
})

export const CheckIn = Type.Object({
  type: Type.Literal('check-in'),
  /** Hash of the bundle that the envoy has, and the release that it had it from. Empty: none. */
  bundle: Type.Union([HexHash, Type.Literal('')]),
  release: Type.Union([HexHash, Type.Literal('')]),
  /**
   * SHA-256 of the canonical JSON of the traits. They are sent along when they are not what the last check-in on this stream had, and
   * after a `refused`, which may not have kept them.
   */
  traitsHash: HexHash,
  traits: Type.Optional(Type.Record(Text(64), Type.Unknown())),
})

/** The whole of it: its frame is empty. */
export const STILL = { type: 'still' } as const
export type Still = typeof STILL

export const Report = Type.Object({ type: Type.Literal('report'), run: RunSchema })

export const SecretsWanted = Type.Object({
  type: Type.Literal('secrets'),
  bundle: HexHash,
  paths: Type.Array(Text(256), { minItems: 1, maxItems: 1000 }),
})

export const TaskOutput = Type.Object({
  type: Type.Literal('task-output'),
  task: Id,
  stream: Type.Union([Type.Literal('stdout'), Type.Literal('stderr')]),
  text: Text(65_536),
})

export const TaskDone = Type.Object({
  type: Type.Literal('task-done'),
  task: Id,
  /** Null when it did not end by itself. */
  exitCode: Type.Union([Type.Integer(), Type.Null()]),
  /** Why it did not run or not end: refused by a guardrail, timed out, cancelled. */
  problem: Type.Optional(Text(2048)),
  durationMs: Count,
})

export const FromEnvoy = Type.Union([Hello, CheckIn, Report, SecretsWanted, TaskOutput, TaskDone])
export type FromEnvoy =
  | Static<typeof Hello>
  | Static<typeof CheckIn>
  | Still
  | { type: 'report'; run: Run }
  | Static<typeof SecretsWanted>
  | Static<typeof TaskOutput>
  | Static<typeof TaskDone>

/** A command for one envoy, its parameters filled in. */
export interface TaskOrder {
  readonly id: string
  readonly command: string
  readonly timeoutMs: number
  readonly nice: number
  readonly dryRun: boolean
}

/** What a bolt says. The envoy trusts its bolt, and still bounds what it reads. */
export type FromBolt =
  /** The envoy has what it should have. */
  | {
      readonly type: 'unchanged'
      readonly release: string
      readonly intervalMs: number
      /** As in `bundle`. */
      readonly secretsEpoch: number
    }
  | {
      readonly type: 'bundle'
      readonly bundle: Bundle
      readonly intervalMs: number
      /** Grows when a secret may have changed: the envoy asks for values again. */
      readonly secretsEpoch: number
    }
  /** Nothing to apply: no entry matches the host, or nothing is live. `reason` is a sentence. The envoy forgets its bundle. */
  | { readonly type: 'no-policy'; readonly reason: string; readonly intervalMs: number }
  /** Not now: too many at once, or the host cannot be compiled. The envoy keeps its bundle. */
  | { readonly type: 'refused'; readonly code: string; readonly message: string; readonly retryMs: number }
  /** As the last answer. */
  | Still
  /** The envoy may forget the run. `problem`: it does not count, and why. */
  | { readonly type: 'report-stored'; readonly run: string; readonly problem?: string }
  /** `values` has all of the wanted ones, or `problem` says why not. */
  | {
      readonly type: 'secrets'
      readonly bundle: string
      readonly values: Readonly<Record<string, string>>
      readonly problem?: string
    }
  | { readonly type: 'check-in-now'; readonly reason: string }
  | { readonly type: 'run-task'; readonly task: TaskOrder }
  | { readonly type: 'cancel-task'; readonly id: string }
