import type { RoleDeclaration } from '../declarations.ts'
import type { Diagnostics } from '../diagnostic.ts'
import type { Located, MapNode, Node } from '../node.ts'
import { checkCondition } from './conditions.ts'
import { described, Fields } from './fields.ts'
import { checkName } from './names.ts'

export const roleKeys: readonly string[] = [
  'name',
  'role',
  'description',
  'configcrates',
  'usercrates',
  'includes',
  'case',
]

/** A role as a map of its own; `named` where the name is the key of a map, or the name of the file. */
export function readRole(
  map: MapNode,
  named: Located<string> | undefined,
  diagnostics: Diagnostics,
): RoleDeclaration | undefined {
  const fields = new Fields(map, 'a role', roleKeys, diagnostics)
  const name = fields.text('name') ?? fields.text('role') ?? named
  if (name === undefined) {
    fields.missing('name')
    return undefined
  }
  checkName(name, 'the name of a role', diagnostics)
  const role: RoleDeclaration = {
    name,
    span: map.span,
    configcrates: fields.names('configcrates'),
    usercrates: fields.names('usercrates'),
    includes: fields.names('includes'),
    cases: readCases(fields, diagnostics),
  }
  const self = role.includes.find(({ value }) => value === name.value)
  if (self !== undefined) {
    diagnostics.error({
      code: 'self-reference',
      span: self.span,
      message: `the role '${name.value}' includes itself`,
      hint: 'take it away',
    })
  }
  return role
}

/** `roles:` of a file: a list of roles, or a map of names to roles. A list of configcrates is a role too. */
export function readRoles(node: Node, diagnostics: Diagnostics): RoleDeclaration[] {
  if (node.kind === 'list') {
    return node.items
      .map(item => (item.kind === 'map' ? readRole(item, undefined, diagnostics) : notARole(item, diagnostics)))
      .filter(role => role !== undefined)
  }
  if (node.kind === 'scalar') return [notARole(node, diagnostics)].filter(role => role !== undefined)
  return Array.from(node.entries.values(), ({ key, keySpan, value }) => {
    const name = { value: key, span: keySpan }
    if (value.kind === 'map') return readRole(value, name, diagnostics)
    if (value.kind === 'scalar') return notARole(value, diagnostics)
    const entries = new Map([['configcrates', { key: 'configcrates', keySpan, value }]])
    return readRole({ kind: 'map', entries, span: value.span }, name, diagnostics)
  }).filter(role => role !== undefined)
}

function notARole(node: Node, diagnostics: Diagnostics): undefined {
  diagnostics.error({
    code: 'wrong-kind',
    span: node.span,
    message: `a role must be a map with 'name' and 'configcrates', not ${described(node)}`,
    hint: "write '- name: <role>' and 'configcrates: [<configcrate>]' below it",
  })
}

/** `case:` is a list of `when:` with its configcrates, or a map of families of operating systems to configcrates. */
function readCases(fields: Fields, diagnostics: Diagnostics): RoleDeclaration['cases'] {
  const node = fields.node('case')
  if (node === undefined) return []
  if (node.kind === 'map') {
    const families = new Fields(node, "'case'", 'any', diagnostics)
    return Array.from(node.entries.values(), ({ key, keySpan }) => ({
      when: { value: `os_family('${key.replaceAll(/[^A-Za-z0-9_.-]/g, '')}')`, span: keySpan },
      configcrates: families.names(key),
    }))
  }
  return fields.maps('case').flatMap(item => {
    const group = new Fields(item, "an item of 'case'", ['when', 'configcrates'], diagnostics)
    const when = group.requiredText('when')
    checkCondition(group.node('when'), { namespaces: [] }, diagnostics)
    return when === undefined ? [] : [{ when, configcrates: group.names('configcrates') }]
  })
}
