import { stringify } from 'yaml'
import type { MonitorSettings } from '#config/publish'
import { MemberError, parseSettings, readSettings, ServerSettings } from '#node/member'
import { type FleetSettings, fleetSettings } from './fleet/index.ts'
import { parseListen } from './http/listen-url.ts'
import { rolloutSettings } from './rollout/index.ts'

/** Keys of `server.yaml`, with all below them, that count from the next reload on; the others need a restart. */
const RELOADABLE = ['checkin', 'runs', 'publish', 'ai', 'api.tls']

/** What the keys that have to fit each other come to. */
interface Derived {
  readonly fleet: FleetSettings
  readonly rollout: MonitorSettings
}

/** `server.yaml` as it was read last. */
export class CurrentSettings {
  readonly #file: string
  /** What parts were started with. */
  readonly #started: ServerSettings
  #now: ServerSettings
  #derived: Derived

  /** @throws MemberError 'bad-settings' that names file and key */
  constructor(file: string, settings: ServerSettings) {
    this.#file = file
    this.#started = settings
    this.#now = settings
    this.#derived = derive(settings, file)
  }

  get fleet(): FleetSettings {
    return this.#derived.fleet
  }

  get rollout(): MonitorSettings {
    return this.#derived.rollout
  }

  get now(): ServerSettings {
    return this.#now
  }

  /** Answers the keys that differ from what was started and need a restart. @throws MemberError 'bad-settings': then nothing has changed */
  async reload(): Promise<string[]> {
    const fresh = await readSettings<ServerSettings>(this.#file, ServerSettings)
    if (fresh === null) throw new MemberError('bad-settings', `${this.#file} is gone; the settings stay as they were`)
    parseListen(fresh.api?.listen ?? [], this.#file)
    this.#derived = derive(fresh, this.#file)
    this.#now = fresh
    return changedKeys(this.#started, fresh).filter(
      key => !RELOADABLE.some(prefix => key === prefix || key.startsWith(`${prefix}.`)),
    )
  }
}

/** What a server would say of these settings when it starts. @throws MemberError, HttpError 'bad-settings' */
export function checkSettings(settings: ServerSettings, file: string): void {
  checkEach(settings, file)
  derive(settings, file)
}

/** The keys by themselves, without those that they have to fit. @throws MemberError, HttpError 'bad-settings' */
export function checkEach(settings: ServerSettings, file: string): void {
  parseSettings(file, stringify(settings), ServerSettings)
  parseListen(settings.api?.listen ?? [], file)
}

function derive(settings: ServerSettings, file: string): Derived {
  const fleet = fleetSettings(settings, file)
  return { fleet, rollout: rolloutSettings(settings, fleet, file) }
}

/** Paths of leaves that differ; a list is a leaf. */
export function changedKeys(before: unknown, after: unknown, path = ''): string[] {
  if (isSection(before) || isSection(after)) {
    const [old, fresh] = [isSection(before) ? before : {}, isSection(after) ? after : {}]
    const names = [...new Set([...Object.keys(old), ...Object.keys(fresh)])]
    return names.flatMap(name => changedKeys(old[name], fresh[name], path === '' ? name : `${path}.${name}`))
  }
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [path]
}

function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
