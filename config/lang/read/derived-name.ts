import type { MapEntry } from '../node.ts'
import { oneLine } from '../resource/index.ts'
import type { ResourceSchema } from '../schema.ts'

const MAX_PART = 80
const MAX_LINE = 400

/**
 * What a resource without a name is called: its type and what it is about, `file-etc-motd`. Templates stay in it, so that
 * the resources that `foreach` makes of one have different names.
 */
export function derivedName(
  type: string,
  schema: ResourceSchema | undefined,
  attributes: ReadonlyMap<string, MapEntry>,
): string {
  for (const main of schema?.main ?? []) {
    const value = attributes.get(main)?.value
    const text = value?.kind === 'scalar' ? value.source : value?.kind === 'list' ? firstText(value.items) : undefined
    const part = text === undefined ? '' : slug(text)
    if (part !== '') return `${type}-${part}`
  }
  return type
}

function firstText(items: readonly { readonly kind: string; readonly source?: string }[]): string | undefined {
  return items.map(({ source }) => source).find(source => source !== undefined)
}

/** Outside of templates letters, digits, dots and underscores stay, everything else becomes one dash. */
function slug(text: string): string {
  const parts = oneLine(text, MAX_LINE).split(/(\{\{.{0,200}?\}\})/)
  const plain = parts.map((part, at) => (at % 2 === 1 ? part : part.replaceAll(/[^A-Za-z0-9._]+/g, '-'))).join('')
  const isTemplate = parts.length > 1
  return (isTemplate ? plain : plain.slice(0, MAX_PART)).replace(/^-/, '').replace(/-$/, '')
}
