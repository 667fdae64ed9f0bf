import type { Diagnostics, Located, ResourceDeclaration } from '#config/lang'
import type { Crate } from './config-store.ts'
import { dependenciesOf } from './dependencies.ts'
import { suggestion } from './names.ts'

const RELATIONS = [
  ['dependsOn', 'depends_on'],
  ['before', 'before'],
  ['notify', 'notify'],
  ['subscribes', 'subscribes'],
] as const

/**
 * Reports references to resources that neither the crate nor one that it depends on has, and `before` against the order of the
 * crates. A crate that depends on none was checked when it was read.
 */
export function checkResourceReferences(crate: Crate, diagnostics: Diagnostics): void {
  if (crate.declaration.dependsOn.length === 0) return
  const own = crate.declaration.resources
  const others = dependenciesOf(crate)
  const isWhole = crate.dependsOn.length === crate.declaration.dependsOn.length
  for (const resource of own) {
    for (const [relation, key] of RELATIONS) {
      for (const to of resource[relation]) {
        if (isTemplate(to.value) || own.some(({ name }) => couldBe(name.value, to.value))) continue
        const holder = others.find(other => hasResource(other, to.value))
        if (holder === undefined) {
          if (isWhole) reportUnknown(crate, key, to, others, diagnostics)
        } else if (relation === 'before') {
          diagnostics.error({
            code: 'crate-order',
            span: to.span,
            message: `'${resource.name.value.slice(0, 80)}' cannot come before '${to.value.slice(0, 80)}': its crate depends on '${holder.name}', all of which comes first`,
            hint: "take the 'before' away, or move the resource into a crate that the other one depends on",
          })
        }
      }
    }
  }
}

function reportUnknown(
  crate: Crate,
  key: string,
  to: Located<string>,
  others: readonly Crate[],
  diagnostics: Diagnostics,
): void {
  const names = [crate, ...others].flatMap(({ declaration }) => declaration.resources.map(({ name }) => name.value))
  diagnostics.error({
    code: 'unknown-resource',
    span: to.span,
    message: `'${key}' names '${to.value.slice(0, 80)}', but neither this crate nor one that it depends on has such a resource`,
    hint: suggestion(to.value, names, diagnostics, all =>
      all === '' ? 'they have no other resource' : `their resources are ${all}`,
    ),
  })
}

function hasResource({ name, declaration }: Crate, wanted: string): boolean {
  const local = wanted.startsWith(`${name}/`) ? wanted.slice(name.length + 1) : undefined
  const names = declaration.resources.map((resource: ResourceDeclaration) => resource.name.value)
  return names.some(each => couldBe(each, wanted) || (local !== undefined && couldBe(each, local)))
}

function isTemplate(name: string): boolean {
  return name.includes('{{')
}

/** Whether a name, perhaps with templates, can become the other one. */
export function couldBe(name: string, wanted: string): boolean {
  const start = name.indexOf('{{')
  if (start < 0) return name === wanted
  const end = name.lastIndexOf('}}')
  const tail = end < start ? '' : name.slice(end + 2)
  return wanted.length >= start + tail.length && wanted.startsWith(name.slice(0, start)) && wanted.endsWith(tail)
}
