import { type Diagnostics, type Located, suggest } from '#config/lang'

export interface Named {
  readonly name: Located<string>
}

/**
 * Things by their names. Of two with the same name the first in the order of the tree stays, and the other one is reported; two of the
 * same file their reader has reported already.
 */
export function indexByName<T extends Named>(
  items: Iterable<T>,
  what: string,
  diagnostics: Diagnostics,
): Map<string, T> {
  const index = new Map<string, T>()
  for (const item of items) {
    const first = index.get(item.name.value)
    if (first === undefined) index.set(item.name.value, item)
    else if (first.name.span.file !== item.name.span.file) reportDuplicate(item.name, first.name, what, diagnostics)
  }
  return index
}

export function reportDuplicate(
  name: Located<string>,
  first: Located<string>,
  what: string,
  diagnostics: Diagnostics,
): void {
  diagnostics.error({
    code: 'duplicate-name',
    span: name.span,
    message: `there are two ${what} called '${name.value.slice(0, 80)}'`,
    hint: 'rename one of them, and whatever refers to it',
    related: [{ span: first.span, message: 'the first is here' }],
  })
}

/** Reports a name that is not in the index. `what` is `a configcrate`; `instead` is said where the name means something else. */
export function checkReference(
  name: Located<string>,
  known: ReadonlyMap<string, unknown>,
  what: string,
  diagnostics: Diagnostics,
  instead?: string,
): boolean {
  if (known.has(name.value)) return true
  const kind = what.replace(/^an? /, '')
  diagnostics.error({
    code: `unknown-${kind.replaceAll(' ', '-')}`,
    span: name.span,
    message: `there is no ${kind} called '${name.value.slice(0, 80)}'`,
    hint:
      instead ??
      suggestion(name.value, known.keys(), diagnostics, all =>
        all === '' ? `the tree has no ${kind} at all; add one, or take the reference away` : `there is ${all}`,
      ),
  })
  return false
}

/** Whoever made more mistakes has one cause, and looking for what each name was meant to be takes time. */
const MAX_SUGGESTIONS = 200

/** `suggest`, for the first errors of a tree. */
export function suggestion(
  name: string,
  known: Iterable<string>,
  diagnostics: Diagnostics,
  otherwise: (all: string) => string,
): string {
  return diagnostics.errorCount < MAX_SUGGESTIONS
    ? suggest(name, Array.from(new Set(known)), otherwise)
    : 'correct the name'
}
