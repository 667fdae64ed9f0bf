import { readFile } from 'node:fs/promises'
import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { parse } from 'yaml'
import { codeOf, messageOf, parseSize } from '#node/kit'
import { MemberError } from './errors.ts'

const Patterns = Type.Array(Type.String({ minLength: 1, maxLength: 256 }), { maxItems: 256 })
const Multiaddr = Type.String({ pattern: '^/[a-z0-9]+/.+', maxLength: 500 })

const FleetId = Type.String({ pattern: '^[0-9a-f]{64}$' })

const LogLevel = Type.Union([Type.Literal('debug'), Type.Literal('info'), Type.Literal('warn'), Type.Literal('error')])

/** The key `swarm:` of `server.yaml` and `agent.yaml`; what is left out has the default beside it in `swarmDefaults`. */
export const SwarmSettings = Type.Object(
  {
    listen: Type.Optional(Type.Array(Multiaddr, { maxItems: 32 })),
    announce: Type.Optional(Type.Array(Multiaddr, { maxItems: 32 })),
    mdns: Type.Optional(Type.Boolean()),
    relay: Type.Optional(Type.Union([Type.Literal('server'), Type.Literal('client'), Type.Literal('off')])),
    max_bandwidth_percent: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
    link_mbit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
    curator: Type.Optional(
      Type.Object(
        {
          enabled: Type.Optional(Patterns),
          max_bytes: Type.Optional(
            Type.Union([Type.Integer({ minimum: 1 }), Type.String({ minLength: 1, maxLength: 32 })]),
          ),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
)

export const AgentSettings = Type.Object(
  {
    fleet: FleetId,
    hostname: Type.String({ minLength: 1, maxLength: 253 }),
    bootstrap: Type.Array(Multiaddr, { maxItems: 256 }),
    log_level: Type.Optional(LogLevel),
    swarm: Type.Optional(SwarmSettings),
    /** Says what would change and changes nothing, whatever the server wants. */
    dry_run: Type.Optional(Type.Boolean()),
    /** A sandboxed agent (`--root`) may also change what is outside its root: packages, services, users, mounts. */
    allow_host: Type.Optional(Type.Boolean()),
    /** Where custom executors are; `<etc>/executors` otherwise. */
    executors_dir: Type.Optional(Type.String({ pattern: '^/', maxLength: 1024 })),
    /** `/metrics` of the agent: `127.0.0.1:9530`; off when not set. */
    metrics_listen: Type.Optional(Type.String({ pattern: '^.+:[0-9]{1,5}$', maxLength: 300 })),
  },
  { additionalProperties: false },
)
export type AgentSettings = Static<typeof AgentSettings>

export const ServerSettings = Type.Object(
  {
    hostname: Type.String({ minLength: 1, maxLength: 253 }),
    /** The fleet that this server joined; without it, it is the one that founded its fleet. */
    fleet: Type.Optional(FleetId),
    /** Where other members were when it joined. */
    bootstrap: Type.Optional(Type.Array(Multiaddr, { maxItems: 256 })),
    spanner: Type.Optional(
      Type.Object(
        { mode: Type.Optional(Type.Union([Type.Literal('standalone'), Type.Literal('spanner')])) },
        { additionalProperties: false },
      ),
    ),
    log_level: Type.Optional(LogLevel),
    enrolment: Type.Optional(
      Type.Object(
        {
          listen: Type.Optional(Type.Array(Multiaddr, { maxItems: 32 })),
          /** `host:port` pairs that join URLs name. */
          addresses: Type.Optional(
            Type.Array(Type.String({ pattern: '^.+:[0-9]{1,5}$', maxLength: 300 }), { maxItems: 32 }),
          ),
        },
        { additionalProperties: false },
      ),
    ),
    swarm: Type.Optional(SwarmSettings),
    /** REST and dashboard. */
    api: Type.Optional(
      Type.Object(
        {
          /** `https://host:port`, or `http://` with an address of loopback. */
          listen: Type.Optional(
            Type.Array(Type.String({ pattern: '^https?://.+:[0-9]{1,5}$', maxLength: 300 }), { maxItems: 16 }),
          ),
          /** Further host names that the server goes by, for example behind a proxy. */
          names: Type.Optional(
            Type.Array(Type.String({ pattern: '^[A-Za-z0-9.-]+$', maxLength: 253 }), { maxItems: 32 }),
          ),
          /** PEM files; a self-signed certificate of the server's own otherwise. */
          tls: Type.Optional(
            Type.Object(
              { cert_file: Type.String({ pattern: '^/' }), key_file: Type.String({ pattern: '^/' }) },
              { additionalProperties: false },
            ),
          ),
        },
        { additionalProperties: false },
      ),
    ),
    checkin: Type.Optional(
      Type.Object({ interval: Type.Optional(Type.String({ maxLength: 32 })) }, { additionalProperties: false }),
    ),
    publish: Type.Optional(
      Type.Object(
        {
          rollback: Type.Optional(
            Type.Object(
              {
                enabled: Type.Optional(Type.Boolean()),
                window: Type.Optional(Type.String({ maxLength: 32 })),
                minimum_sample: Type.Optional(Type.Integer({ minimum: 1 })),
                harmed_percent: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 100 })),
                max_consecutive_rollbacks: Type.Optional(Type.Integer({ minimum: 0, maximum: 10 })),
              },
              { additionalProperties: false },
            ),
          ),
        },
        { additionalProperties: false },
      ),
    ),
    /** How long runs are kept, and how many for each envoy. */
    runs: Type.Optional(
      Type.Object(
        {
          keep: Type.Optional(Type.String({ maxLength: 32 })),
          per_envoy: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 })),
        },
        { additionalProperties: false },
      ),
    ),
    /** Of `vigocli config publish --ask-ai`. */
    ai: Type.Optional(
      Type.Object(
        {
          enabled: Type.Boolean(),
          base_url: Type.String({ maxLength: 2000 }),
          model: Type.String({ maxLength: 200 }),
          api_key: Type.Optional(Type.String({ maxLength: 4096 })),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
)
export type ServerSettings = Static<typeof ServerSettings>

/** What a server hands to another one that joins: what should be alike on all of them. */
export const SharedSettings = Type.Pick(ServerSettings, ['swarm', 'checkin', 'publish', 'runs'], {
  additionalProperties: false,
})
export type SharedSettings = Static<typeof SharedSettings>

/** `swarm:` with every default filled in. */
export interface Swarm {
  readonly listen: readonly string[]
  readonly announce: readonly string[]
  readonly mdns: boolean
  readonly relay: 'server' | 'client' | 'off'
  readonly maxBandwidthPercent: number
  /** Of the fastest network interface when not set. */
  readonly linkMbit: number | null
  readonly curatorEnabled: readonly string[]
  readonly curatorMaxBytes: number
}

export function swarmOf(settings: Static<typeof SwarmSettings> | undefined, file: string): Swarm {
  const maxBytes = settings?.curator?.max_bytes ?? 2 * 2 ** 30
  return {
    listen: settings?.listen ?? ['/ip4/0.0.0.0/tcp/1531'],
    announce: settings?.announce ?? [],
    mdns: settings?.mdns ?? true,
    relay: settings?.relay ?? 'client',
    maxBandwidthPercent: settings?.max_bandwidth_percent ?? 50,
    linkMbit: settings?.link_mbit ?? null,
    curatorEnabled: settings?.curator?.enabled ?? [],
    curatorMaxBytes: typeof maxBytes === 'string' ? sizeOf(maxBytes, file) : maxBytes,
  }
}

function sizeOf(text: string, file: string): number {
  try {
    return parseSize(text)
  } catch (error) {
    throw new MemberError('bad-settings', `${file}: swarm.curator.max_bytes: ${messageOf(error)}`)
  }
}

/** The fleet's swarm settings as a bolt hands them to a new envoy. */
export function parseSwarmSettings(text: string): Static<typeof SwarmSettings> {
  return parseSettings(SENT, text, SwarmSettings)
}

/** The fleet's settings as a bolt hands them to a new bolt. */
export function parseSharedSettings(text: string): SharedSettings {
  return parseSettings(SENT, text, SharedSettings)
}

const SENT = 'the settings that the server sent'

/** @throws MemberError 'bad-settings' that names the file, the key and what it must be; null when there is no file */
export async function readSettings<T>(file: string, schema: TSchema): Promise<T | null> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
  return parseSettings<T>(file, text, schema)
}

/** The settings in a text that stands, or would stand, in `file`. @throws MemberError 'bad-settings' */
export function parseSettings<T>(file: string, text: string, schema: TSchema): T {
  let value: unknown
  try {
    value = parse(text, { maxAliasCount: 20 })
  } catch (error) {
    throw new MemberError('bad-settings', `${file}: ${messageOf(error)}`)
  }
  if (!Value.Check(schema, value)) {
    const [first] = Value.Errors(schema, value)
    const key = first?.path.slice(1).replaceAll('/', '.') || 'the file'
    throw new MemberError('bad-settings', `${file}: ${key} ${first?.message ?? 'is wrong'}`)
  }
  return value as T
}
