import { type Diagnostic, Diagnostics } from '#config/lang'

/** Entries that are named for one error. */
const MAX_NAMED = 3

/** The same error of many entries told once, with the first entries that it is told for. */
export function mergeDiagnostics(found: Iterable<Diagnostic>): readonly Diagnostic[] {
  const groups = Map.groupBy(
    found,
    ({ code, span, message }) => `${code}\n${span.file.path}\n${span.start}\n${message}`,
  )
  const merged = new Diagnostics()
  merged.addAll(Array.from(groups.values(), joined))
  return merged.sorted
}

function joined(group: readonly Diagnostic[]): Diagnostic {
  const [first] = group
  if (first === undefined) throw new Error('an error without places')
  const related = new Map(
    group
      .flatMap(each => each.related)
      .map(each => [`${each.span.file.path}\n${each.span.start}\n${each.message}`, each]),
  )
  const all = [...related.values()]
  const others = all.filter(({ message }) => !message.startsWith('for hosts that'))
  const entries = all.filter(({ message }) => message.startsWith('for hosts that'))
  const shown = entries.slice(0, MAX_NAMED).map((entry, at) => {
    const left = entries.length - MAX_NAMED
    const isLast = at === MAX_NAMED - 1 && left > 0
    return isLast
      ? { ...entry, message: `${entry.message}, and for ${left} more ${left === 1 ? 'entry' : 'entries'}` }
      : entry
  })
  return { ...first, related: [...others.slice(0, MAX_NAMED), ...shown] }
}
