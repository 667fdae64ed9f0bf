import type { CommonDeclaration, EnvironmentDeclaration, EnvoyEntry } from '../declarations.ts'
import type { Diagnostics } from '../diagnostic.ts'
import type { MapNode, Node } from '../node.ts'
import { described, Fields } from './fields.ts'
import { checkHostGlob } from './host-glob.ts'
import { checkName } from './names.ts'
import { readVariables } from './variables.ts'

const CARRIED = ['roles', 'configcrates', 'usercrates', 'vars']

export const envoyKeys: readonly string[] = ['match', 'description', 'environment', ...CARRIED]
export const environmentKeys: readonly string[] = ['description', 'vars', 'configcrates', 'exclude_configcrates']

/** One `- match:` of an `envoys:` list. */
export function readEnvoy(map: MapNode, diagnostics: Diagnostics): EnvoyEntry | undefined {
  const fields = new Fields(map, 'an entry of envoys', envoyKeys, diagnostics)
  const match = fields.requiredText('match')
  const carried = readCarried(fields, diagnostics)
  if (match === undefined) return undefined
  checkHostGlob(match, diagnostics)
  const environment = fields.text('environment')
  if (environment !== undefined) checkName(environment, 'the name of an environment', diagnostics)
  return { match, span: map.span, environment, ...carried }
}

/** A whole `common.vgo`. */
export function readCommon(map: MapNode, diagnostics: Diagnostics): CommonDeclaration {
  const entry = map.entries.get('match')
  if (entry !== undefined) {
    diagnostics.error({
      code: 'match-in-common',
      span: entry.keySpan,
      message: "a common.vgo has no 'match': it is for every host below its folder",
      hint: "take it away, or write an entry of 'envoys:' in another file",
    })
  }
  const known = ['description', ...CARRIED, ...(entry === undefined ? [] : ['match'])]
  const fields = new Fields(map, 'a common.vgo', known, diagnostics)
  return { span: map.span, ...readCarried(fields, diagnostics) }
}

/** `env:` or `environments:`, a map of names. */
export function readEnvironments(node: Node, diagnostics: Diagnostics): EnvironmentDeclaration[] {
  if (node.kind !== 'map') {
    diagnostics.error({
      code: 'wrong-kind',
      span: node.span,
      message: `environments must be a map of names, not ${described(node)}`,
      hint: "write '<name>:' and its 'vars:' below it",
    })
    return []
  }
  return Array.from(node.entries.values()).flatMap(({ key, keySpan, value }) => {
    const name = { value: key, span: keySpan }
    checkName(name, 'the name of an environment', diagnostics)
    if (value.kind !== 'map') {
      if (value.kind === 'scalar' && value.value === null) return []
      diagnostics.error({
        code: 'wrong-kind',
        span: value.span,
        message: `the environment '${key.slice(0, 80)}' must be a map, not ${described(value)}`,
        hint: "write 'vars:' and 'configcrates:' below it",
      })
      return []
    }
    const fields = new Fields(value, 'an environment', environmentKeys, diagnostics)
    return [
      {
        name,
        span: value.span,
        vars: readVariables(fields, diagnostics),
        configcrates: fields.names('configcrates'),
        excludeConfigcrates: fields.names('exclude_configcrates'),
      },
    ]
  })
}

function readCarried(fields: Fields, diagnostics: Diagnostics) {
  return {
    roles: fields.names('roles'),
    configcrates: fields.names('configcrates'),
    usercrates: fields.names('usercrates'),
    vars: readVariables(fields, diagnostics),
  }
}
