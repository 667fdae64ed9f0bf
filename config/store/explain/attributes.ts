import { type MapEntry, placeOf } from '#config/lang'
import type { Placed } from '../compile/placed.ts'
import type { PreparedAttribute } from '../compile/prepared.ts'
import { HIDDEN, isReference, isSensitive, shownValue } from './shown.ts'
import type { LostValue } from './variables.ts'

/** A value that a host's executor gets, and where it comes from. */
export interface TracedAttribute {
  readonly name: string
  readonly value: string
  /** `the resource`, `defaults of the crate`, `default of the type file`, `templates/motd.tmpl`. */
  readonly origin: string
  /** Null for the default of a type. */
  readonly place: string | null
  /** As the author wrote it, where that is a template. */
  readonly written: string | null
  /** Names of the variables that went into it. */
  readonly variables: readonly string[]
  readonly losers: readonly LostValue[]
}

export interface TracedResource {
  readonly id: string
  readonly type: string
  readonly place: string
  readonly when: string
  readonly dependsOn: readonly string[]
  readonly notify: readonly string[]
  readonly subscribes: readonly string[]
  readonly attributes: readonly TracedAttribute[]
}

export function traceResource({ stamped, links }: Placed, wanted: (attribute: string) => boolean): TracedResource {
  const { id, prepared, when, values } = stamped
  return {
    id,
    type: prepared.declaration.type.value,
    place: placeOf(prepared.declaration.span),
    when,
    ...links,
    attributes: Array.from(values.keys())
      .filter(wanted)
      .sort()
      .map(name => traceAttribute(name, { stamped, links })),
  }
}

function traceAttribute(name: string, { stamped }: Placed): TracedAttribute {
  const { prepared, values, template } = stamped
  const source = prepared.attributes.get('source')
  const isTemplate = name === 'content' && template !== undefined && source !== undefined
  const attribute = isTemplate ? source : prepared.attributes.get(name)
  const value = values.get(name)
  const isHidden = isSensitive(prepared, name)
  const shown = isHidden && !isReference(value) ? HIDDEN : shownValue(value)
  const variables = stamped.variables.get(name) ?? []
  if (attribute === undefined) {
    const type = prepared.declaration.type.value
    return {
      name,
      value: shown,
      origin: `default of the type ${type}`,
      place: null,
      written: null,
      variables,
      losers: [],
    }
  }
  return {
    name,
    value: shown,
    origin: isTemplate
      ? template.file.path
      : attribute.origin === 'resource'
        ? 'the resource'
        : "'defaults:' of the crate",
    place: placeOf(attribute.entry.keySpan),
    written: isTemplate || attribute.fixed !== undefined || isHidden ? null : writtenAs(attribute.entry),
    variables,
    losers: [...overridden(attribute, isHidden), ...typeDefault(attribute, stamped)],
  }
}

function overridden({ overridden: lost }: PreparedAttribute, isHidden: boolean): LostValue[] {
  if (lost === undefined) return []
  return [
    {
      value: isHidden ? HIDDEN : writtenAs(lost),
      origin: "'defaults:' of the crate",
      place: placeOf(lost.keySpan),
      reason: 'what the resource says itself beats the defaults of its crate',
    },
  ]
}

function typeDefault({ name }: PreparedAttribute, { prepared, values }: Placed['stamped']): LostValue[] {
  const value = prepared.typeDefaults.get(name)
  if (value === undefined || value === values.get(name)) return []
  const type = prepared.declaration.type.value
  return [
    {
      value: shownValue(value),
      origin: `default of the type ${type}`,
      place: '',
      reason: 'what is written beats the default of the type',
    },
  ]
}

function writtenAs({ value }: MapEntry): string {
  const { file, start, end } = value.span
  const text = value.kind === 'scalar' ? value.source : file.text.slice(start, end)
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > 100 ? `${line.slice(0, 99)}…` : line
}
