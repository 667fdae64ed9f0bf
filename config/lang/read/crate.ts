import type { CrateDeclaration } from '../declarations.ts'
import type { Diagnostics } from '../diagnostic.ts'
import type { Located, MapNode } from '../node.ts'
import type { SourceFile } from '../source.ts'
import { checkClaims } from './compliance.ts'
import { checkCondition } from './conditions.ts'
import { checkGraph } from './crate-graph.ts'
import { readDefaults } from './defaults.ts'
import { Fields } from './fields.ts'
import { readForeach } from './foreach.ts'
import { checkName } from './names.ts'
import { readResource } from './resource.ts'
import { resourceContext } from './templates.ts'
import { readVariables } from './variables.ts'

export const crateKeys: readonly string[] = [
  'name',
  'configcrate',
  'usercrate',
  'description',
  'depends_on',
  'when',
  'foreach',
  'vars',
  'defaults',
  'resources',
  'compliance',
  'provides',
  'bundle',
]

/** Most resources of one crate, before `foreach` multiplies them. */
const MAX_RESOURCES = 5000

export type CrateKind = 'configcrate' | 'usercrate'

/** A whole file that is a configcrate or a usercrate. Without a name it is called like its file. */
export function readCrate(map: MapNode, kind: CrateKind, file: SourceFile, diagnostics: Diagnostics): CrateDeclaration {
  const fields = new Fields(
    map,
    `a ${kind}`,
    crateKeys.filter(key => key !== other(kind)),
    diagnostics,
  )
  const name = crateName(fields, kind, file, diagnostics)
  const items = fields.maps('resources')
  if (items.length > MAX_RESOURCES) {
    diagnostics.error({
      code: 'too-many-resources',
      span: name.span,
      message: `the ${kind} '${name.value.slice(0, 80)}' has ${items.length} resources; ${MAX_RESOURCES} are allowed`,
      hint: "make several of it, or let 'foreach:' repeat one resource",
    })
  }
  const defaults = readDefaults(fields, items, diagnostics)
  const within = { defaults, isRepeated: fields.has('foreach') }
  const resources = items.slice(0, MAX_RESOURCES).map(item => readResource(item, within, diagnostics))
  const crate: CrateDeclaration = {
    name,
    file,
    span: map.span,
    dependsOn: fields.names('depends_on'),
    vars: readVariables(fields, diagnostics),
    defaults,
    foreach: readForeach(fields, diagnostics),
    when: fields.text('when'),
    resources,
    compliance: fields.mapNode('compliance'),
    provides: fields.names('provides'),
    bundle: fields.names('bundle'),
  }
  checkCondition(fields.node('when'), resourceContext(within.isRepeated), diagnostics)
  if (crate.compliance !== undefined) checkClaims(crate.compliance, diagnostics)
  checkGraph(crate, diagnostics)
  return crate
}

function crateName(fields: Fields, kind: CrateKind, file: SourceFile, diagnostics: Diagnostics): Located<string> {
  const given = ['name', kind].filter(key => fields.has(key))
  const [first, second] = given
  if (first === undefined) {
    const value = (file.path.split('/').at(-1) ?? file.path).replace(/\.vgo$/, '')
    const name = { value, span: fields.firstKey }
    diagnostics.warning({
      code: 'missing-name',
      span: name.span,
      message: `the ${kind} has no name; it is called '${value.slice(0, 80)}' like its file`,
      hint: `add 'name: ${value.slice(0, 80)}'`,
    })
    checkName(name, `the name of a ${kind}`, diagnostics)
    return name
  }
  const name = fields.text(first) ?? { value: '', span: fields.span }
  if (second !== undefined) {
    diagnostics.error({
      code: 'two-names',
      span: fields.map.entries.get(second)?.keySpan ?? fields.span,
      message: `'name' and '${kind}' both name the ${kind}`,
      hint: 'take one away',
    })
  }
  if (name.value !== '') checkName(name, `the name of a ${kind}`, diagnostics)
  return name
}

function other(kind: CrateKind): CrateKind {
  return kind === 'configcrate' ? 'usercrate' : 'configcrate'
}
