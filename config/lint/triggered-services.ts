import type { MapNode } from '#config/lang'
import { resourcesOf, textOf } from './crate.ts'

const ACTS: ReadonlySet<string | undefined> = new Set(['restarted', 'reloaded'])

/** Services of a crate that restart or reload, subscribe to something, and have no `when`: meant to act only when they are triggered. */
export function servicesWithoutWhen(crate: MapNode | undefined): readonly MapNode[] {
  return crate === undefined ? [] : triggeredServices(crate).filter(({ entries }) => !entries.has('when'))
}

/** Services of a crate that restart or reload and subscribe to something. */
export function triggeredServices(crate: MapNode): readonly MapNode[] {
  return resourcesOf(crate).filter(
    resource =>
      textOf(resource, 'type') === 'service' &&
      ACTS.has(textOf(resource, 'state')) &&
      (textOf(resource, 'subscribes') !== undefined || resource.entries.get('subscribes')?.value.kind === 'list'),
  )
}
