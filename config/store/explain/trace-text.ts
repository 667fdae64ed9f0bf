import { renderDiagnostic } from '#config/lang'
import type { TracedAttribute, TracedResource } from './attributes.ts'
import type { Trace, TracedCrate } from './trace.ts'
import type { LostValue, TracedVariable } from './variables.ts'

/** A trace as a person reads it. */
export function renderTrace(trace: Trace): string {
  const { host, entry, crates, absent, diagnostics, note } = trace
  if (entry === null) {
    return `${host}\n  no entry of 'envoys:' matches this name, so nothing is applied to it\n  'vigocli config tree' lists the patterns in the order in which they are tried\n`
  }
  const lines = [
    host,
    ...matchLines(trace),
    '',
    ...crates.flatMap(crateLines),
    ...absent.map(({ name, reason, place }) => `not applied: ${name}: ${reason} (${place})`),
  ]
  if (note !== '') lines.push(note)
  if (diagnostics.length > 0) {
    lines.push('', 'this host gets no bundle, because of:', ...diagnostics.map(renderDiagnostic))
  }
  return `${lines.join('\n').trimEnd()}\n`
}

function matchLines({ entry, laterEntries, environment, traitsAreKnown }: Trace): string[] {
  const lines = [`  matched by '${entry?.match ?? ''}' in ${entry?.place ?? ''}, the first entry that matches`]
  for (const { match, place } of laterEntries) lines.push(`    not by '${match}' in ${place}, which comes later`)
  if (environment !== null) lines.push(`  environment ${environment.name}, from ${environment.places.join(' and ')}`)
  if (!traitsAreKnown)
    lines.push("  traits are not known here: no 'when:' is decided, and values that depend on traits are examples")
  return lines
}

function crateLines(crate: TracedCrate): string[] {
  const lines = [`${crate.kind} ${crate.name} (${crate.place})`]
  for (const { chain, place } of crate.reasons) lines.push(`  because of ${chain.join(' > ')}, in ${place}`)
  if (crate.when !== '') lines.push(`  as long as the agent finds: ${crate.when}`)
  for (const { id, reason } of crate.skipped) lines.push(`  left out on this host: ${id} (${reason})`)
  if (crate.variables.length > 0) lines.push('', '  variables', ...crate.variables.flatMap(variableLines))
  for (const resource of crate.resources) lines.push('', ...resourceLines(resource))
  return crate.variables.length > 0 || crate.resources.length > 0 ? [...lines, ''] : lines
}

function variableLines({ name, value, origin, place, losers }: TracedVariable): string[] {
  return [`    ${name} = ${value}`, `      from ${origin}, ${place}`, ...losers.map(loser => lostLine('      ', loser))]
}

function resourceLines(resource: TracedResource): string[] {
  const lines = [`  ${resource.type} ${resource.id} (${resource.place})`]
  if (resource.when !== '') lines.push(`    as long as the agent finds: ${resource.when}`)
  const links = [
    ['after', resource.dependsOn],
    ['again after a change of', resource.subscribes],
    ['triggers', resource.notify],
  ] as const
  for (const [title, ids] of links) if (ids.length > 0) lines.push(`    ${title} ${ids.join(', ')}`)
  return [...lines, ...resource.attributes.flatMap(attributeLines)]
}

function attributeLines({ name, value, origin, place, written, variables, losers }: TracedAttribute): string[] {
  const lines = [`    ${name} = ${value}`, `      from ${origin}${place === null ? '' : `, ${place}`}`]
  if (written !== null) lines.push(`      written as ${written}`)
  if (variables.length > 0)
    lines.push(`      with the variable${variables.length === 1 ? '' : 's'} ${variables.join(', ')}`)
  return [...lines, ...losers.map(loser => lostLine('      ', loser))]
}

function lostLine(indent: string, { value, origin, place, reason }: LostValue): string {
  return `${indent}not ${value} from ${origin}${place === '' ? '' : `, ${place}`}: ${reason}`
}
