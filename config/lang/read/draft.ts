import type {
  CommonDeclaration,
  CrateDeclaration,
  Declarations,
  EnvironmentDeclaration,
  EnvoyEntry,
  RoleDeclaration,
  TaskDeclaration,
  WaiverDeclaration,
  WorkflowDeclaration,
} from '../declarations.ts'
import type { MapNode } from '../node.ts'
import type { SourceFile } from '../source.ts'

/** Declarations while they are read. */
export class Draft implements Declarations {
  readonly file: SourceFile
  readonly configcrates: CrateDeclaration[] = []
  readonly usercrates: CrateDeclaration[] = []
  readonly roles: RoleDeclaration[] = []
  readonly envoys: EnvoyEntry[] = []
  readonly environments: EnvironmentDeclaration[] = []
  readonly waivers: WaiverDeclaration[] = []
  readonly tasks: TaskDeclaration[] = []
  readonly workflows: WorkflowDeclaration[] = []
  common: CommonDeclaration | undefined
  compliance: MapNode | undefined

  constructor(file: SourceFile) {
    this.file = file
  }
}
