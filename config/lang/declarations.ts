import type { ListNode, Located, MapEntry, MapNode, Node } from './node.ts'
import type { SourceFile, Span } from './source.ts'

/*
 * What a tree declares, file by file, before anything is looked up in another file: names and values with their places. Readers
 * (`readDeclarations`) check shapes; `config/store` resolves names and values.
 */

/** What one `.vgo` file declares. One file may declare several kinds, except where the kind is the whole file (a crate). */
export interface Declarations {
  readonly file: SourceFile
  readonly configcrates: readonly CrateDeclaration[]
  readonly usercrates: readonly CrateDeclaration[]
  readonly roles: readonly RoleDeclaration[]
  readonly envoys: readonly EnvoyEntry[]
  readonly common: CommonDeclaration | undefined
  readonly environments: readonly EnvironmentDeclaration[]
  readonly waivers: readonly WaiverDeclaration[]
  readonly compliance: MapNode | undefined
  readonly tasks: readonly TaskDeclaration[]
  readonly workflows: readonly WorkflowDeclaration[]
}

/** A configcrate or a usercrate: named resources with default variables. Inert until something includes it. */
export interface CrateDeclaration {
  readonly name: Located<string>
  readonly file: SourceFile
  readonly span: Span
  readonly dependsOn: readonly Located<string>[]
  readonly vars: Variables
  /** Attributes that each resource has unless it has its own. */
  readonly defaults: ReadonlyMap<string, MapEntry>
  /** Name of a list variable (or the list itself): the whole crate once per item. */
  readonly foreach: Foreach | undefined
  readonly when: Located<string> | undefined
  readonly resources: readonly ResourceDeclaration[]
  /** framework -> control ids */
  readonly compliance: MapNode | undefined
  readonly provides: readonly Located<string>[]
  readonly bundle: readonly Located<string>[]
}

export type Variables = ReadonlyMap<string, MapEntry>
export type Foreach = Located<string> | ListNode

export interface ResourceDeclaration {
  /** As written, perhaps a template; derived from the type and its main attribute when the author gave none. */
  readonly name: Located<string>
  readonly nameIsDerived: boolean
  readonly type: Located<string>
  readonly span: Span
  /** Everything but the keys below. */
  readonly attributes: ReadonlyMap<string, MapEntry>
  readonly when: Located<string> | undefined
  readonly dependsOn: readonly Located<string>[]
  readonly before: readonly Located<string>[]
  readonly notify: readonly Located<string>[]
  readonly subscribes: readonly Located<string>[]
  readonly foreach: Foreach | undefined
  /** `skip_validation: true` or `custom: true`: a custom executor's type, whose attributes are its own. */
  readonly custom: boolean
}

export interface RoleDeclaration {
  readonly name: Located<string>
  readonly span: Span
  readonly configcrates: readonly Located<string>[]
  readonly usercrates: readonly Located<string>[]
  /** Other roles, one level deep. */
  readonly includes: readonly Located<string>[]
  /** Groups that apply where the `when:` expression holds. */
  readonly cases: readonly { readonly when: Located<string>; readonly configcrates: readonly Located<string>[] }[]
}

/** One `- match:` of an `envoys:` list. */
export interface EnvoyEntry {
  /** Host glob; the first entry that matches, in the order of the tree, is the host's. */
  readonly match: Located<string>
  readonly span: Span
  readonly environment: Located<string> | undefined
  readonly roles: readonly Located<string>[]
  readonly configcrates: readonly Located<string>[]
  readonly usercrates: readonly Located<string>[]
  readonly vars: Variables
}

/** `common.vgo`: what every host below its folder gets. */
export interface CommonDeclaration {
  readonly span: Span
  readonly roles: readonly Located<string>[]
  readonly configcrates: readonly Located<string>[]
  readonly usercrates: readonly Located<string>[]
  readonly vars: Variables
}

/** One block of `environments.vgo`. */
export interface EnvironmentDeclaration {
  readonly name: Located<string>
  readonly span: Span
  readonly vars: Variables
  readonly configcrates: readonly Located<string>[]
  readonly excludeConfigcrates: readonly Located<string>[]
}

export interface WaiverDeclaration {
  readonly framework: Located<string>
  readonly control: Located<string>
  readonly reason: Located<string>
  /** Host glob; all hosts below the file's folder when absent. */
  readonly match: Located<string> | undefined
  /** ISO date after which it no longer holds. */
  readonly expires: Located<string> | undefined
  readonly span: Span
}

/** A file of `tasks/`: a named command with parameters. */
export interface TaskDeclaration {
  readonly name: Located<string>
  readonly span: Span
  readonly description: string | undefined
  readonly command: Located<string>
  readonly params: ReadonlyMap<string, TaskParameter>
  /** Settings of a run that the author presets: `target`, `timeout`, `batch_size`, `max_failures`, `health_check` … */
  readonly settings: ReadonlyMap<string, MapEntry>
}

export interface TaskParameter {
  readonly description: string | undefined
  readonly required: boolean
  readonly default: Node | undefined
}

/** A file of `workflows/`: tasks in order. */
export interface WorkflowDeclaration {
  readonly name: Located<string>
  readonly span: Span
  readonly steps: readonly WorkflowStep[]
}

export interface WorkflowStep {
  readonly name: Located<string>
  readonly span: Span
  /** Name of a task, or a command. */
  readonly task: Located<string> | undefined
  readonly command: Located<string> | undefined
  readonly target: Located<string> | undefined
  readonly params: ReadonlyMap<string, MapEntry>
  readonly onFailure: 'stop' | 'continue'
}
