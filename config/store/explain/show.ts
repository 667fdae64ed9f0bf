import { type AttributeValue, resourceSchemas } from '#config/lang'
import { dictionary } from '#node/kit'
import type { Bundle, BundleResource } from '../compile/index.ts'
import { HIDDEN, isReference } from './shown.ts'

/** The bundle for people and programs to look at: what must not be shown is hidden. */
export function presentable(bundle: Bundle): Bundle {
  return { ...bundle, resources: bundle.resources.map(presentableResource) }
}

export function presentableResource(resource: BundleResource): BundleResource {
  const { attributes, type } = resource
  const entries = Object.entries(attributes)
  if (!entries.some(([name, value]) => isHidden(type, name, value))) return resource
  return {
    ...resource,
    attributes: dictionary(
      entries.map(([name, value]) => [name, isHidden(type, name, value) ? HIDDEN : value] as const),
    ),
  }
}

function isHidden(type: string, attribute: string, value: AttributeValue): boolean {
  const schema = resourceSchemas.get(type)?.attributes.find(({ name }) => name === attribute)
  return schema?.sensitive === true && !isReference(value)
}

/** The bundle as text, resource by resource. */
export function renderBundle(bundle: Bundle): string {
  const { host, entry, environment, hash, resources, skipped } = presentable(bundle)
  const lines = [
    `${host}: ${resources.length} ${resources.length === 1 ? 'resource' : 'resources'}, bundle ${hash.slice(0, 12)}`,
  ]
  lines.push(
    `  matched by '${entry.match}' in ${entry.place}${environment === null ? '' : `, environment ${environment}`}`,
  )
  for (const resource of resources) lines.push('', ...resourceLines(resource))
  if (skipped.length > 0) lines.push('', 'left out on this host')
  for (const { id, reason } of skipped) lines.push(`  ${id}: ${reason}`)
  return `${lines.join('\n')}\n`
}

function resourceLines({ id, type, attributes, when, dependsOn, subscribes }: BundleResource): string[] {
  const lines = [`${type} ${id}`]
  for (const [name, value] of Object.entries(attributes)) lines.push(...attributeLines(name, value))
  if (when !== '') lines.push(`  when: ${when}`)
  if (dependsOn.length > 0) lines.push(`  after: ${dependsOn.join(', ')}`)
  if (subscribes.length > 0) lines.push(`  again after a change of: ${subscribes.join(', ')}`)
  return lines
}

function attributeLines(name: string, value: AttributeValue): string[] {
  if (typeof value !== 'string') return [`  ${name}: ${JSON.stringify(value)}`]
  if (!value.includes('\n')) return [`  ${name}: ${value}`]
  return [
    `  ${name}: |`,
    ...value
      .replace(/\n$/, '')
      .split('\n')
      .map(line => `    ${line}`),
  ]
}
