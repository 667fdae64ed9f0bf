import { randomBytes } from 'node:crypto'
import type { Bundle, BundleResource } from '#config/store'
import type { ResourceResult, ResourceState, Run } from '#node/checkin'
import { type Clock, Deadline, type Logger, toHex, VigoError } from '#node/kit'
import type { Attributes, Executor } from '../executors/executor.ts'
import type { Machine } from '../executors/machine.ts'
import { fingerprintOf } from './fingerprint.ts'
import type { Begun, Entry, Journal, RunHeader } from './journal.ts'
import type { Verdict } from './judge.ts'
import type { RunLimits } from './limits.ts'
import type { Memory } from './memory.ts'
import { isBad, Pass, type Trigger, type Turn, triggerFrom } from './pass.ts'
import { planOf, type Step } from './plan.ts'
import { mergedResult, runOf } from './report.ts'
import { resultOf } from './result.ts'
import type { Secrets } from './secrets.ts'
import { visit } from './visit.ts'

/** What a run acts on and with. */
export interface Equipment {
  readonly machine: Machine
  /** The executor of a type; undefined when this agent has none. */
  readonly executorOf: (type: string, options: { isCustom: boolean }) => Executor | undefined
  /** Why a resource must not be touched by configuration at all, or null. */
  readonly refusalOf: (resource: BundleResource) => string | null
  /** Whether something that this resource does may end the agent itself, so that its trigger counts as used before it acts. */
  readonly mayEndAgent: (resource: BundleResource) => boolean
  /** A sandboxed agent may also change what is outside its root. */
  readonly allowHost: boolean
  readonly secrets: Secrets
  readonly memory: Memory
  readonly journal: Journal
  readonly limits: RunLimits
  readonly clock: Clock
  readonly logger: Logger
}

export interface RunOrder {
  readonly bundle: Pick<Bundle, 'release' | 'hash' | 'resources' | 'secrets'>
  readonly mode: Run['mode']
  readonly offline: boolean
}

/** A run and all results, also those that are not reported. */
export interface Converged {
  readonly run: Run
  readonly results: readonly ResourceResult[]
}

/**
 * One pass over a bundle: what differs is put right, resource by resource in the order of the bundle. When the signal fires the run
 * stops soon, and what was not reached counts as skipped. What was done is in the journal until `clear` and in the memory, which is
 * saved here; the caller first puts the report where it is safe and then clears the journal.
 */
export async function converge(
  order: RunOrder,
  equipment: Equipment,
  { signal }: { signal: AbortSignal },
): Promise<Converged> {
  using deadline = new Deadline(equipment.limits.runMs, 'the run', signal)
  return await new Convergence(order, equipment, deadline.signal).run()
}

class Convergence {
  readonly #order: RunOrder
  readonly #equipment: Equipment
  readonly #signal: AbortSignal
  readonly #steps: readonly Step[]
  readonly #pass: Pass
  readonly #known: ReadonlySet<string>
  readonly #results: (ResourceResult | undefined)[] = []
  #applying: Begun | null = null

  constructor(order: RunOrder, equipment: Equipment, signal: AbortSignal) {
    const plan = planOf(order.bundle)
    this.#order = order
    this.#equipment = equipment
    this.#signal = signal
    this.#steps = plan.steps
    this.#pass = new Pass(plan, equipment.memory.owed)
    this.#known = new Set(order.bundle.secrets)
  }

  async run(): Promise<Converged> {
    const { memory, journal, clock } = this.#equipment
    const header = this.#header()
    const startedMs = clock.monotonicMs()
    if (!this.#isDryRun) journal.start(header)
    const isCompleted = await this.#turns()
    if (!this.#isDryRun) {
      if (isCompleted) memory.keep(new Set(this.#steps.map(({ resource }) => resource.id)))
      await memory.save()
    }
    const results = this.#steps.map(({ resource }, at) => this.#results[at] ?? notReached(resource))
    const durationMs = Math.max(0, Math.round(clock.monotonicMs() - startedMs))
    const outcome = isCompleted ? 'completed' : 'interrupted'
    return { run: runOf(header, results, { durationMs, outcome }), results }
  }

  get #isDryRun(): boolean {
    return this.#order.mode === 'dry-run'
  }

  #header(): RunHeader {
    const { bundle, mode, offline } = this.#order
    const startedAt = Math.max(0, Math.round(this.#equipment.clock.now()))
    return { id: toHex(randomBytes(16)), release: bundle.release, bundle: bundle.hash, mode, startedAt, offline }
  }

  /** Whether all had their turn. */
  async #turns(): Promise<boolean> {
    for (;;) {
      const turn = this.#pass.turn()
      if (turn.kind === 'end') return true
      if (this.#signal.aborted) return false
      const step = this.#steps[turn.at]
      if (step === undefined) throw new RangeError(`the plan has no step ${turn.at}`)
      try {
        await this.#take(turn, step)
      } catch (error) {
        if (!this.#signal.aborted) throw error
        this.#cutShort(turn.at)
        return false
      }
    }
  }

  async #take(turn: Exclude<Turn, { kind: 'end' }>, step: Step): Promise<void> {
    const startedMs = this.#equipment.clock.monotonicMs()
    const prepared = turn.kind === 'blocked' ? blocked(turn.reason) : await this.#prepared(step.resource)
    const held = 'executor' in prepared ? prepared.held : []
    const verdict = 'executor' in prepared ? await this.#visited(turn, step, prepared) : prepared
    const durationMs = this.#equipment.clock.monotonicMs() - startedMs
    const result = resultOf(step.resource, verdict, durationMs, { masker: this.#equipment.secrets.masker, held })
    const isAsWanted = verdict.state === 'compliant' || verdict.isIdle === true || triggerFrom(verdict.state) !== null
    await this.#settle(turn, step, result, isAsWanted && 'executor' in prepared ? prepared.fingerprint : undefined)
  }

  /** All that a resource needs for its turn, or why it does not get one. */
  async #prepared(resource: BundleResource): Promise<Prepared | Verdict> {
    const { machine, executorOf, refusalOf, allowHost, secrets } = this.#equipment
    const executor = executorOf(resource.type, { isCustom: resource.custom })
    if (executor === undefined) {
      return blocked(
        `this agent cannot apply '${resource.type}'; a newer one may, or its executor is not installed here`,
      )
    }
    const refusal = refusalOf(resource)
    if (refusal !== null) return blocked(refusal)
    if (machine.isSandboxed && executor.reach === 'host' && !allowHost) {
      return blocked(
        `it changes the machine itself, and this agent keeps to ${machine.root}; set allow_host: true in its agent.yaml to let it`,
      )
    }
    if (this.#known.size === 0) {
      return { executor, attributes: resource.attributes, held: [], fingerprint: fingerprintOf(resource) }
    }
    const { findSecretReferences } = await import('#config/lang')
    const revealed = secrets.reveal(resource.attributes, this.#known, findSecretReferences)
    if ('missing' in revealed) {
      const why = secrets.problem === '' ? 'no server has told them to this agent since it started' : secrets.problem
      return blocked(`values of secrets are not known (${revealed.missing.join(', ')}): ${why}`)
    }
    const { attributes, held, digest } = revealed
    return { executor, attributes, held, fingerprint: fingerprintOf(resource, digest) }
  }

  async #visited(turn: Exclude<Turn, { kind: 'end' }>, step: Step, prepared: Prepared): Promise<Verdict> {
    const { machine, executorOf, memory, clock } = this.#equipment
    const circumstances = {
      isDryRun: this.#isDryRun,
      trigger: turn.trigger,
      doubt: turn.kind === 'visit' ? turn.doubt : null,
      isTriggerOpen: turn.kind === 'visit' && turn.isTriggerOpen,
    }
    const remembered = memory.fingerprintOf(step.resource.id)
    return visit({
      resource: step.resource,
      attributes: prepared.attributes,
      executor: prepared.executor,
      executorOf: type => executorOf(type, { isCustom: false }),
      machine,
      circumstances,
      limits: this.#equipment.limits,
      wasThis: remembered === undefined ? undefined : remembered === prepared.fingerprint,
      nowMs: () => clock.now(),
      onApply: () => this.#begin(turn.trigger, step),
      signal: this.#signal,
    })
  }

  async #begin(trigger: Trigger | null, step: Step): Promise<void> {
    const { memory, journal, mayEndAgent } = this.#equipment
    const isPaid = trigger !== null && mayEndAgent(step.resource)
    if (isPaid) memory.paid(step.resource.id)
    this.#applying = begunOf(step, this.#steps, isPaid)
    await journal.begin(this.#applying)
  }

  /** Writes down how a turn ended, and tells those that it triggers. */
  async #settle(
    turn: Exclude<Turn, { kind: 'end' }>,
    step: Step,
    result: ResourceResult,
    fingerprint: string | undefined,
  ): Promise<void> {
    const { memory, journal, mayEndAgent, logger } = this.#equipment
    this.#applying = null
    const first = this.#results[turn.at]
    this.#results[turn.at] = first === undefined ? result : mergedResult(first, result)
    const triggered = this.#pass.settle(turn.at, result.state)
    if (isBad(result.state)) {
      const { id, state, message } = result
      logger.warn('resource-failed', { id, state, reason: message })
    }
    if (this.#isDryRun) return
    const trigger = triggerFrom(result.state)
    const isPaid = turn.trigger !== null && (!isBad(result.state) || mayEndAgent(step.resource))
    if (isPaid) memory.paid(step.resource.id)
    else if (turn.trigger !== null) memory.owe(step.resource.id, turn.trigger)
    const triggers = triggered.flatMap(at => this.#steps[at]?.resource.id ?? [])
    if (trigger !== null) for (const id of triggers) memory.owe(id, trigger)
    if (fingerprint !== undefined) memory.remember(result.id, fingerprint)
    const entry: Entry = {
      result: this.#results[turn.at] ?? result,
      ...(fingerprint === undefined ? {} : { fingerprint }),
      ...(trigger === null ? {} : { trigger, triggers }),
      isPaid,
    }
    await journal.end(entry)
  }

  /** The run was ended while something was applied: what that triggers may be needed, and it is tried again with the next run. */
  #cutShort(at: number): void {
    if (this.#applying === null) return
    this.#results[at] ??= cutShortResult(this.#applying, reasonOf(this.#signal))
    for (const id of this.#applying.triggers) this.#equipment.memory.owe(id, 'changed')
  }
}

interface Prepared {
  readonly executor: Executor
  readonly attributes: Attributes
  readonly held: readonly string[]
  readonly fingerprint: string
}

function blocked(message: string): Verdict {
  return { state: 'blocked', message }
}

function begunOf({ resource, notifies }: Step, steps: readonly Step[], isPaid: boolean): Begun {
  const triggers = notifies.flatMap(at => steps[at]?.resource.id ?? [])
  return { id: resource.id, type: resource.type, triggers, isPaid }
}

/** Neither done nor failed: the next run does it again. */
export function cutShortResult({ id, type }: Begun, why: string): ResourceResult {
  const state: ResourceState = 'blocked'
  return { id, type, state, message: `${why} while this was applied; the next run tries it again`, durationMs: 0 }
}

function notReached({ id, type }: BundleResource): ResourceResult {
  return { id, type, state: 'skipped', message: 'the run was ended before its turn', durationMs: 0 }
}

function reasonOf({ reason }: AbortSignal): string {
  return reason instanceof VigoError ? reason.message : 'the run was ended'
}
