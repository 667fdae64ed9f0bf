import { type AttributeSchema, checkAttribute, type MapEntry, type TaskDeclaration, taskSettings } from '#config/lang'
import type { SecretSource } from '#config/secrets'
import type { FleetView, TaskChannel } from '../fleet/types.ts'
import type { Policy } from '../policy/types.ts'
import { dangerOf } from './danger.ts'
import { TaskError } from './errors.ts'
import { isUrl } from './health-check.ts'
import {
  fillIn,
  fillInShown,
  hiddenValues,
  type Parameters,
  parametersOf,
  referencesOf,
  refuseParameters,
} from './parameters.ts'
import { batchesOf, batchSizeOf, maxFailuresOf, parseShare } from './share.ts'
import { selectTargets } from './target.ts'
import type { TaskPlan, TaskRequest, TaskTarget } from './types.ts'

const MAX_COMMAND = 64 * 1024
const DEFAULT_TIMEOUT_MS = 60_000
const MIN_TIMEOUT_MS = 1000
const MAX_TIMEOUT_MS = 24 * 3600_000
const MAX_NICE = 19

export interface PrepareParts {
  readonly policy: Pick<Policy, 'store'>
  readonly fleet: Pick<FleetView, 'rows' | 'traits' | 'bundle'>
  readonly channel: Pick<TaskChannel, 'isConnected'>
  readonly secrets: Pick<SecretSource, 'resolve'>
}

/** Everything that is known before the first host is told. */
export interface Prepared {
  readonly plan: TaskPlan
  /** As written, with its values. The plan has the command as it may be shown. */
  readonly template: string
  readonly parameters: Parameters
}

/** What may be sent to hosts. */
export interface Order {
  readonly command: string
  readonly hidden: readonly string[]
  readonly refused: ReadonlyMap<string, string>
}

/** @throws TaskError 'bad-request', 'unknown-task', 'no-hosts' */
export async function prepare(request: TaskRequest, parts: PrepareParts): Promise<Prepared> {
  const declared = declarationOf(request, parts.policy)
  const template = declared === null ? (request.command ?? '') : declared.command.value
  if (template.trim() === '' || template.length > MAX_COMMAND || template.includes('\0')) {
    throw new TaskError('bad-request', `the command is empty, has a zero byte, or more than ${MAX_COMMAND} characters`)
  }
  if (declared === null) refuseParameters(request.params ?? {})
  const parameters: Parameters =
    declared === null ? new Map() : parametersOf(declared.name.value, declared.params, request.params ?? {})
  const settings = settingsOf(request, declared)
  const target = settings.target
  const hosts = await selectTargets(target, targetsOf(parts), async peer => await parts.fleet.traits(peer))
  const batchSize = batchSizeOf(settings.batchSize, hosts.length)
  const shown = declared === null ? template : fillInShown(template, parameters)
  // Hidden values may be dangerous too; what is said of them names no value.
  const whole = declared === null ? template : fillIn(template, withoutReferences(parameters), new Map())
  const plan: TaskPlan = {
    name: declared?.name.value ?? null,
    command: shown,
    target,
    batches: batchesOf(hosts, batchSize),
    maxFailures: maxFailuresOf(settings.maxFailures, hosts.length),
    timeoutMs: settings.timeoutMs,
    healthCheck: settings.healthCheck,
    nice: settings.nice,
    danger: dangerOf(whole) ?? dangerOfCheck(settings.healthCheck),
  }
  return { plan, template, parameters }
}

/**
 * The command with its secrets. A secret goes only to hosts whose own configuration refers to it: whoever may run tasks could otherwise
 * print any secret of the fleet on a machine of their own. @throws TaskError 'bad-request' for a secret that is not there
 */
export async function orderOf(
  { plan, template, parameters }: Prepared,
  parts: Pick<PrepareParts, 'fleet' | 'secrets'>,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<Order> {
  if (plan.name === null) return { command: template, hidden: [], refused: new Map() }
  const references = referencesOf(parameters)
  const { values, missing } = await parts.secrets.resolve(references, options)
  if (missing.length > 0) {
    throw new TaskError('bad-request', `there is no secret '${missing[0]}' on this server; see vigocli secrets list`)
  }
  const refused = new Map<string, string>()
  if (references.length > 0) {
    for (const { peer } of plan.batches.flat()) {
      options.signal?.throwIfAborted()
      const own = new Set((await parts.fleet.bundle(peer))?.secrets ?? [])
      const foreign = references.find(path => !own.has(path))
      if (foreign !== undefined) refused.set(peer, `its configuration does not refer to the secret ${foreign}`)
    }
  }
  const hidden = [...hiddenValues(parameters), ...values.values()]
  return { command: fillIn(template, parameters, values), hidden, refused }
}

function declarationOf({ command, task }: TaskRequest, { store }: Pick<Policy, 'store'>): TaskDeclaration | null {
  if ((command === undefined) === (task === undefined)) {
    throw new TaskError('bad-request', 'say either a command or the name of a task')
  }
  if (task === undefined) return null
  const declared = store?.tasks.get(task)
  if (declared !== undefined) return declared
  const known = [...(store?.tasks.keys() ?? [])].toSorted()
  const has = known.length === 0 ? 'it has none' : `it has ${known.slice(0, 20).join(', ')}`
  throw new TaskError('unknown-task', `the live release has no task '${task.slice(0, 100)}'; ${has}`)
}

function targetsOf({ fleet, channel }: PrepareParts): TaskTarget[] {
  return fleet.rows().map(({ peer, hostname }) => ({ peer, hostname, isConnected: channel.isConnected(peer) }))
}

/** The request is stronger than what the author of the task set. */
function settingsOf(request: TaskRequest, declared: TaskDeclaration | null) {
  const preset = (name: string) => presetOf(taskSettings.get(name), declared?.settings.get(name))
  const target = request.target ?? preset('target')
  if (target === undefined)
    throw new TaskError('bad-request', "the target is missing; say which machines, or '*' for all of them")
  const presetTimeout = preset('timeout')
  const timeoutMs =
    request.timeoutMs ?? (presetTimeout === undefined ? DEFAULT_TIMEOUT_MS : Number(presetTimeout) * 1000)
  if (!(timeoutMs >= MIN_TIMEOUT_MS && timeoutMs <= MAX_TIMEOUT_MS)) {
    throw new TaskError(
      'bad-request',
      `the timeout is ${timeoutMs / 1000} seconds; it must be from 1 second to 24 hours`,
    )
  }
  const nice = request.nice ?? Number(preset('nice') ?? 0)
  if (!Number.isInteger(nice) || nice < 0 || nice > MAX_NICE) {
    throw new TaskError('bad-request', `nice is ${nice}; it must be a whole number from 0 to ${MAX_NICE}`)
  }
  return {
    target,
    timeoutMs,
    nice,
    batchSize: parseShare('batch size', request.batchSize ?? preset('batch_size') ?? '100%', { mayBeNone: false }),
    maxFailures: parseShare('max failures', request.maxFailures ?? preset('max_failures') ?? '0', { mayBeNone: true }),
    healthCheck: checked(request.healthCheck ?? preset('health_check_url') ?? preset('health_check')),
  }
}

/** A tree with a value that does not fit does not go live. */
function presetOf(schema: AttributeSchema | undefined, entry: MapEntry | undefined): string | undefined {
  if (schema === undefined || entry === undefined) return undefined
  const found = checkAttribute(schema, entry.value)
  const value = 'value' in found ? found.value : undefined
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
}

function checked(check: string | undefined): string | null {
  if (check === undefined) return null
  if (
    check.trim() === '' ||
    check.length > MAX_COMMAND ||
    check.includes('\0') ||
    (isUrl(check) && !URL.canParse(check))
  ) {
    throw new TaskError('bad-request', 'the health check is neither a command nor a URL')
  }
  return check
}

function dangerOfCheck(check: string | null): string | null {
  if (check === null || isUrl(check)) return null
  const danger = dangerOf(check)
  return danger === null ? null : `the health check: ${danger}`
}

function withoutReferences(parameters: Parameters): Parameters {
  return new Map(
    [...parameters].map(([name, value]) => [
      name,
      value.kind === 'reference' ? { kind: 'plain', text: 'secret' } : value,
    ]),
  )
}
