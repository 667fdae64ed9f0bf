import type { AttributesOf, ResourceType, SchemaOf } from '#config/lang'
import type { Change } from '#node/checkin'
import type { Machine } from './machine.ts'

/** What `check` found. */
export type Finding =
  | { readonly kind: 'compliant' }
  | Difference
  /** A guard (`onlyif`, `unless`) or the kind of machine says that there is nothing to do; `reason` is a sentence. */
  | { readonly kind: 'skipped'; readonly reason: string }
  /** It cannot be told before something else was applied (a file whose folder, a service whose package is missing); only said when `isDryRun`. */
  | { readonly kind: 'unknown'; readonly reason: string }

export interface Difference {
  readonly kind: 'different'
  /** What is not as it should be; never empty. */
  readonly changes: readonly Change[]
  /** Unified diff of contents, for text of reasonable size that holds no secret. */
  readonly diff?: string
}

export interface Applied {
  /** What a command printed, its end. */
  readonly output?: string
  /** What a person should know although it worked. */
  readonly note?: string
}

export interface ExecutorOptions {
  readonly signal: AbortSignal
  /** The resource's name in its crate, for types whose main attribute may be left out (`cron`). */
  readonly name: string
  /** Nothing may be changed, and nothing that was to be applied before has been. */
  readonly isDryRun: boolean
  /** Something that notifies this resource, or that it subscribes to, has changed in this run: `restarted`, `reloaded` and unguarded commands act. */
  readonly isTriggered: boolean
}

/**
 * One resource type on a real machine.
 *
 * `check` changes nothing, however often and in whatever order it is called, and its difference is all that `apply` would do. `apply` makes
 * the machine as the attributes say, from whatever state it is in, also one that an `apply` left that was killed in the middle; after it
 * `check` says `compliant`, unless `acts` is `always`. Both stop soon after their signal fires and leave nothing half written in place. Both
 * throw `ExecutorError`; anything else that they throw counts as `failed`. Values of secrets are in the attributes: an executor
 * keeps them out of changes (contents are told by their size) and out of process arguments. Diffs, outputs and messages may hold them:
 * whoever put the values in hides them there. What is `sensitive` in the schema an executor shows nowhere.
 */
export interface Executor<A = Attributes> {
  readonly type: string
  /**
   * `paths`: it touches nothing but files below the machine's root and its own processes, and works in a sandbox. `host`: it changes
   * accounts, packages, services, mounts or the like, and in a sandbox it is blocked unless the agent was told otherwise.
   */
  readonly reach: 'paths' | 'host'
  /** `always`: applying is the purpose (exec, restarted); its second check may differ again. */
  readonly acts: 'until-compliant' | 'always'
  check(attributes: A, machine: Machine, options: ExecutorOptions): Promise<Finding>
  apply(attributes: A, difference: Difference, machine: Machine, options: ExecutorOptions): Promise<Applied>
}

export type Attributes = Readonly<Record<string, unknown>>

/** The attributes of a type of the language, as its schema says: `ExecutorOf<'file'>`. */
export type ExecutorOf<T extends ResourceType> = Executor<AttributesOf<SchemaOf<T>>>
