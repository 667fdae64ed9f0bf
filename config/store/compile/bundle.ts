import type { AttributeValue } from '#config/lang'

/** Everything that one host has to do. Two hosts with the same hash have to do the same. */
export interface Bundle {
  readonly release: string
  readonly host: string
  /** The entry of `envoys:` that the host got. */
  readonly entry: { readonly match: string; readonly place: string }
  readonly environment: string | null
  /** SHA-256, lower-case hex; of everything but the release, the host, the entry's place and what is skipped. */
  readonly hash: string
  /** In the order in which they are applied. */
  readonly crates: readonly BundleCrate[]
  /** In an order that all edges agree with: crate by crate, what a crate depends on first. */
  readonly resources: readonly BundleResource[]
  /** Names of the usercrates among the crates. */
  readonly usercrates: readonly string[]
  readonly skipped: readonly Skipped[]
  readonly waivers: readonly BundleWaiver[]
  /** Claims of folders, which hold for the host whatever it runs. */
  readonly claims: Claimed
  /** Paths of the secrets that the resources refer to, sorted. */
  readonly secrets: readonly string[]
  /** References to artifacts, sorted. */
  readonly artifacts: readonly string[]
}

/** Framework -> controls, both sorted. */
export type Claimed = Readonly<Record<string, readonly string[]>>

export interface BundleCrate {
  readonly name: string
  readonly kind: 'configcrate' | 'usercrate'
  /** Crates of this bundle that come before it because it needs them. */
  readonly dependsOn: readonly string[]
  readonly compliance: Claimed
  readonly provides: readonly string[]
  readonly bundle: readonly string[]
}

export interface BundleResource {
  /** `crate/name`, or `crate[item]/name` when `foreach` repeats the crate. */
  readonly id: string
  readonly crate: string
  readonly name: string
  readonly type: string
  /** A custom executor's: the attributes are as its author wrote them. */
  readonly custom: boolean
  /** As the schema of the type says, defaults included; sorted by name. References to secrets stay references. */
  readonly attributes: Readonly<Record<string, AttributeValue>>
  /** What the agent has to decide; empty when it always holds. */
  readonly when: string
  /** Ids of resources that come before it: its `depends_on`, and the `before` of others. */
  readonly dependsOn: readonly string[]
  /** Ids of resources that are applied again when this one has changed: its `notify`, and the `subscribes` of others. */
  readonly notify: readonly string[]
  /** The other end of `notify`. One from a crate that comes later triggers once more after it. */
  readonly subscribes: readonly string[]
}

/** A resource, or a whole crate, that this host does not get. */
export interface Skipped {
  readonly id: string
  readonly reason: string
}

export interface BundleWaiver {
  readonly framework: string
  readonly control: string
  readonly reason: string
  /** ISO date; it holds until the end of that day in UTC. Null: for ever. */
  readonly expires: string | null
}
