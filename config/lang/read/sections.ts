import type { Diagnostics } from '../diagnostic.ts'
import type { MapNode, Node } from '../node.ts'
import { closestName } from '../template/index.ts'
import { checkClaims } from './compliance.ts'
import type { Draft } from './draft.ts'
import { readEnvironments, readEnvoy } from './envoys.ts'
import { Fields } from './fields.ts'
import { sectionKeys } from './kind.ts'
import { checkUnique } from './names.ts'
import { readRoles } from './role.ts'
import { readTask } from './task.ts'
import { readWaiver } from './waiver.ts'
import { readWorkflow } from './workflow.ts'

/** A file of named lists. `needed` is the key that the name of the file promises. */
export function readSections(map: MapNode, draft: Draft, needed: string | undefined, diagnostics: Diagnostics): void {
  const what = draft.file.path.split('/').at(-1) ?? 'this file'
  const keys = Array.from(map.entries.keys())
  if (
    needed !== undefined &&
    !keys.some(key => sectionKeys.includes(key) || closestName(key, sectionKeys) !== undefined)
  ) {
    new Fields(map, what, 'any', diagnostics).missing(needed)
    return
  }
  const fields = new Fields(map, what, sectionKeys, diagnostics)
  const maps = (key: string) => fields.maps(key)
  const environments = (node: Node | undefined) => (node === undefined ? [] : readEnvironments(node, diagnostics))
  draft.envoys.push(...known(maps('envoys').map(item => readEnvoy(item, diagnostics))))
  const roles = fields.node('roles')
  if (roles !== undefined) draft.roles.push(...readRoles(roles, diagnostics))
  draft.environments.push(...environments(fields.node('env')), ...environments(fields.node('environments')))
  draft.waivers.push(...known(maps('waivers').map(item => readWaiver(item, diagnostics))))
  draft.tasks.push(...known(maps('tasks').map(item => readTask(item, undefined, diagnostics))))
  draft.workflows.push(...known(maps('workflows').map(item => readWorkflow(item, undefined, diagnostics))))
  draft.compliance = fields.mapNode('compliance')
  if (draft.compliance !== undefined) checkClaims(draft.compliance, diagnostics)
  const namedOnce: readonly (readonly [
    string,
    readonly { readonly name: { value: string; span: MapNode['span'] } }[],
  ])[] = [
    ['roles', draft.roles],
    ['environments', draft.environments],
    ['tasks', draft.tasks],
    ['workflows', draft.workflows],
  ]
  for (const [what, declared] of namedOnce) {
    checkUnique(
      declared.map(({ name }) => name),
      what,
      'join them, or rename one',
      diagnostics,
    )
  }
}

function known<T>(items: readonly (T | undefined)[]): T[] {
  return items.filter(item => item !== undefined)
}
