import type {
  CommonDeclaration,
  CrateDeclaration,
  Diagnostic,
  EnvironmentDeclaration,
  EnvoyEntry,
  MapNode,
  RoleDeclaration,
  SourceFile,
  TaskDeclaration,
  WaiverDeclaration,
  WorkflowDeclaration,
} from '#config/lang'
import type { ReleaseCounts } from '../release/index.ts'

/** A configcrate or usercrate of the tree, with what it depends on. */
export interface Crate {
  readonly name: string
  readonly kind: 'configcrate' | 'usercrate'
  readonly declaration: CrateDeclaration
  /** Crates that it names in `depends_on`, in that order; without those that close a circle. */
  readonly dependsOn: readonly Crate[]
}

/** An entry of `envoys:` with its turn: of those that match a host the one with the least position is the host's. */
export interface Entry {
  readonly declaration: EnvoyEntry
  readonly folder: string
  readonly position: number
  /** Takes a lower-case name. */
  readonly matches: (host: string) => boolean
}

export interface Common {
  readonly folder: string
  readonly declaration: CommonDeclaration
}

export interface Environment {
  readonly folder: string
  readonly declaration: EnvironmentDeclaration
}

export interface Waiver {
  readonly folder: string
  readonly declaration: WaiverDeclaration
}

export interface Claims {
  readonly folder: string
  readonly file: SourceFile
  readonly map: MapNode
}

/** A whole tree, ready to be asked about any host. Never changes; every reload makes a new one. */
export interface ConfigStore {
  /** Hash of the release that the files are, or the empty text. */
  readonly release: string
  /**
   * SHA-256 of all that it declares but the insides of crates and templates: trees of one shape have the same entries with the same
   * crates and variables. Undefined where nobody remembers anything, and where something is wrong with a file.
   */
  readonly shape: string | undefined
  readonly files: ReadonlyMap<string, SourceFile>
  readonly templates: ReadonlyMap<string, SourceFile>
  readonly configcrates: ReadonlyMap<string, Crate>
  readonly usercrates: ReadonlyMap<string, Crate>
  readonly roles: ReadonlyMap<string, RoleDeclaration>
  /** In the order in which they are tried. */
  readonly entries: readonly Entry[]
  /** By folder. */
  readonly commons: ReadonlyMap<string, Common>
  /** By folder, then by name. */
  readonly environments: ReadonlyMap<string, ReadonlyMap<string, Environment>>
  readonly waivers: readonly Waiver[]
  readonly claims: readonly Claims[]
  readonly tasks: ReadonlyMap<string, TaskDeclaration>
  readonly workflows: ReadonlyMap<string, WorkflowDeclaration>
  readonly counts: ReleaseCounts
  /** What loading found, sorted. With an error among them nothing is compiled. */
  readonly diagnostics: readonly Diagnostic[]
  readonly hasErrors: boolean
}
