import type { Declarations, Diagnostics, Node, Variables } from '#config/lang'
import type { Crate } from './config-store.ts'
import { dependenciesOf } from './dependencies.ts'
import { suggestion } from './names.ts'
import { outlineOf } from './outline.ts'

/** Names of the variables that carriers set: entries, `common.vgo`, environments. A host may see them in every crate. */
export function carriedVariables(declarations: readonly Declarations[]): ReadonlySet<string> {
  const names = new Set<string>()
  const add = (vars: Variables) => {
    for (const name of vars.keys()) names.add(name)
  }
  for (const { envoys, common, environments } of declarations) {
    for (const { vars } of [...envoys, ...environments]) add(vars)
    if (common !== undefined) add(common.vars)
  }
  return names
}

/** Reports `foreach:` over a variable that nothing in the tree sets. */
export function checkForeach(crate: Crate, carried: ReadonlySet<string>, diagnostics: Diagnostics): void {
  const { loops, isRepeated } = outlineOf(crate.declaration)
  if (loops.length === 0) return
  const own = new Set(isRepeated ? ['Item', 'Each'] : [])
  for (const { declaration } of [crate, ...dependenciesOf(crate)]) {
    for (const name of outlineOf(declaration).variables) own.add(name)
  }
  for (const { value, span } of loops) {
    const [name = value] = value.split('.')
    if (own.has(name) || carried.has(name)) continue
    diagnostics.error({
      code: 'unknown-variable',
      span,
      message: `'foreach' repeats over '${value.slice(0, 80)}', but nothing sets the variable '${name.slice(0, 80)}'`,
      hint: suggestion(
        name,
        own.union(carried),
        diagnostics,
        () => `give it a default below 'vars:', for example '${name}: []'`,
      ),
    })
  }
}

/** Warns of braces in the values of variables: they are not rendered. */
export function warnOfTemplates(declarations: Declarations, diagnostics: Diagnostics): void {
  const { envoys, common, environments, configcrates, usercrates } = declarations
  const holders = [
    ...envoys,
    ...(common === undefined ? [] : [common]),
    ...environments,
    ...configcrates,
    ...usercrates,
  ]
  for (const { vars } of holders) for (const { value } of vars.values()) warnOfBraces(value, diagnostics)
}

function warnOfBraces(node: Node, diagnostics: Diagnostics): void {
  if (node.kind === 'list') for (const item of node.items) warnOfBraces(item, diagnostics)
  if (node.kind === 'map') for (const { value } of node.entries.values()) warnOfBraces(value, diagnostics)
  if (node.kind !== 'scalar' || typeof node.value !== 'string' || !node.value.includes('{{')) return
  diagnostics.warning({
    code: 'template-in-variable',
    span: node.span,
    message: 'values of variables are not rendered: the braces stay as they are',
    hint: 'write the template where the variable is used',
  })
}
