import { type Declarations, type Diagnostics, type Located, suggest } from '#config/lang'
import type { Entry, Environment } from './config-store.ts'
import { folderChain, folderOf } from './folders.ts'
import { reportDuplicate } from './names.ts'

export type EnvironmentIndex = ReadonlyMap<string, ReadonlyMap<string, Environment>>

/** Blocks of `environments.vgo` by folder and name; a folder has one block of each name. */
export function indexEnvironments(declarations: readonly Declarations[], diagnostics: Diagnostics): EnvironmentIndex {
  const index = new Map<string, Map<string, Environment>>()
  for (const { file, environments } of declarations) {
    const folder = folderOf(file.path)
    for (const declaration of environments) {
      const blocks = index.get(folder) ?? new Map<string, Environment>()
      index.set(folder, blocks)
      const first = blocks.get(declaration.name.value)
      if (first === undefined) blocks.set(declaration.name.value, { folder, declaration })
      else if (first.declaration.name.span.file !== file) {
        reportDuplicate(declaration.name, first.declaration.name, 'environments of one folder', diagnostics)
      }
    }
  }
  return index
}

/** The blocks of an environment that count in a folder: from the top down to the folder itself. */
export function environmentChain(index: EnvironmentIndex, folder: string, name: string): Environment[] {
  return folderChain(folder)
    .map(above => index.get(above)?.get(name))
    .filter(block => block !== undefined)
}

/**
 * Reports entries whose environment has no block in their folder or above. In a tree that declares no environment at all the name is
 * a label of the host and nothing else, which is worth a warning.
 */
export function checkEnvironments(entries: readonly Entry[], index: EnvironmentIndex, diagnostics: Diagnostics): void {
  for (const { declaration, folder } of entries) {
    const { environment } = declaration
    if (environment === undefined || environmentChain(index, folder, environment.value).length > 0) continue
    const visible = new Set(folderChain(folder).flatMap(above => Array.from(index.get(above)?.keys() ?? [])))
    const elsewhere = Array.from(index.values())
      .map(blocks => blocks.get(environment.value))
      .find(block => block !== undefined)
    if (index.size === 0) {
      warnOfLabel(environment, diagnostics)
      continue
    }
    diagnostics.error({
      code: 'unknown-environment',
      span: environment.span,
      message: `there is no environment '${environment.value.slice(0, 80)}' in ${folder === '' ? 'the top folder' : `'${folder}' or above it`}`,
      hint:
        elsewhere === undefined
          ? suggest(environment.value, Array.from(visible), all =>
              all === ''
                ? `add it below 'env:' in ${folder === '' ? '' : `${folder}/`}environments.vgo or in a folder above`
                : `there is ${all}`,
            )
          : 'it is declared in a folder that this entry is not below; move the block up, or the entry down',
      related:
        elsewhere === undefined
          ? []
          : [{ span: elsewhere.declaration.name.span, message: `'${environment.value}' is declared here` }],
    })
  }
}

function warnOfLabel({ value, span }: Located<string>, diagnostics: Diagnostics): void {
  diagnostics.warning({
    code: 'unknown-environment',
    span,
    message: `the tree declares no environments, so '${value.slice(0, 80)}' sets no variables`,
    hint: `write 'env: { ${value.slice(0, 80)}: { vars: … } }' into an environments.vgo, or take the line away`,
  })
}
