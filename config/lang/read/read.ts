import type { Declarations } from '../declarations.ts'
import type { Diagnostics } from '../diagnostic.ts'
import type { SourceFile } from '../source.ts'

/**
 * What one `.vgo` file declares. Everything that is wrong with it, as far as the file alone tells, is in `diagnostics`; what could
 * be understood is declared all the same.
 */
export function readDeclarations(file: SourceFile, diagnostics: Diagnostics): Declarations {
  void diagnostics
  return {
    file,
    configcrates: [],
    usercrates: [],
    roles: [],
    envoys: [],
    common: undefined,
    environments: [],
    waivers: [],
    compliance: undefined,
    tasks: [],
    workflows: [],
  }
}
