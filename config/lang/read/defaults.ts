import { checkAttribute, isTemplated } from '../attribute/index.ts'
import type { Diagnostics } from '../diagnostic.ts'
import type { MapEntry, MapNode } from '../node.ts'
import { resourceSchemas } from '../resource/index.ts'
import { suggest } from '../template/index.ts'
import { attributeNamed } from './attributes.ts'
import type { Fields } from './fields.ts'
import { checkSecrets } from './secrets.ts'
import { checkTemplates, resourceContext } from './templates.ts'

/**
 * `defaults:` of a crate. A resource has those that its type knows and that it does not give itself; a default that no resource of the
 * crate could have is an error.
 */
export function readDefaults(
  fields: Fields,
  resources: readonly MapNode[],
  diagnostics: Diagnostics,
): ReadonlyMap<string, MapEntry> {
  const entries = fields.entries('defaults')
  if (entries.size === 0) return entries
  const types = resources
    .map(({ entries: keys }) => keys.get('type')?.value)
    .map(node => (node?.kind === 'scalar' ? node.source : ''))
  const schemas = types.map(type => resourceSchemas.get(type))
  const isOpen = schemas.includes(undefined)
  for (const { key, keySpan, value } of entries.values()) {
    checkSecrets(value, diagnostics)
    checkTemplates(value, resourceContext(true), diagnostics)
    const meant = schemas
      .map(schema => schema && attributeNamed(schema, key))
      .filter(attribute => attribute !== undefined)
    if (meant.length > 0 && !isTemplated(value)) {
      const problems = meant
        .map(attribute => checkAttribute({ ...attribute, name: key }, value))
        .find(checked => 'problem' in checked)
      if (problems !== undefined) diagnostics.error(problems.problem)
    }
    if (isOpen || meant.length > 0) continue
    const known = schemas.flatMap(schema => schema?.attributes.map(({ name }) => name) ?? [])
    diagnostics.error({
      code: 'unknown-default',
      span: keySpan,
      message: `no resource of this crate has the attribute '${key.slice(0, 80)}'`,
      hint: suggest(key, Array.from(new Set(known)), all => `attributes that they have: ${all}`),
    })
  }
  return entries
}
