import type { Declarations, Diagnostics } from '#config/lang'
import { placeOf } from '#config/lang'
import type { Entry } from './config-store.ts'
import { depthOf, folderOf } from './folders.ts'
import { compileGlob, WideGlobs } from './host-glob.ts'

/**
 * All entries of `envoys:` in the order in which they are tried: those of deeper folders first, so that what a customer's folder says about
 * its hosts beats what the fleet says about all; among equally deep ones by path, in a file from top to bottom. `declarations` are
 * sorted by path.
 */
export function orderEntries(declarations: readonly Declarations[]): Entry[] {
  const all = declarations.flatMap(({ file, envoys }) => {
    const folder = folderOf(file.path)
    return envoys.map(declaration => ({ declaration, folder, depth: depthOf(folder) }))
  })
  return all
    .toSorted((a, b) => b.depth - a.depth)
    .map(({ declaration, folder }, position) => ({
      declaration,
      folder,
      position,
      matches: matcherOf(declaration.match.value),
    }))
}

/** Compiled when it is asked for the first time: whoever only checks a tree asks for no host. */
function matcherOf(glob: string): Entry['matches'] {
  let compiled: Entry['matches'] | undefined
  return host => {
    compiled ??= compileGlob(glob)
    return compiled(host)
  }
}

/** More comparisons than that are not worth their time for a warning. */
const MAX_COMPARISONS = 5_000_000

/** Warns of entries that no host can reach, because an earlier one matches all that they match. */
export function warnOfUnreachable(entries: readonly Entry[], diagnostics: Diagnostics): void {
  const wide = new WideGlobs<Entry>()
  const exact = new Map<string, Entry>()
  let comparisons = 0
  for (const entry of entries) {
    const { match } = entry.declaration
    const glob = match.value.toLowerCase()
    comparisons += wide.size
    if (comparisons > MAX_COMPARISONS) return
    const before = exact.get(glob) ?? wide.firstOver(glob)
    if (before === undefined) {
      exact.set(glob, entry)
      if (glob.includes('*')) wide.add(glob, entry)
      continue
    }
    const earlier = before.declaration.match
    diagnostics.warning({
      code: 'unreachable-entry',
      span: match.span,
      message: `no host gets here: '${earlier.value}' in ${placeOf(earlier.span)} comes first and matches all that '${match.value}' matches`,
      hint:
        before.folder === entry.folder && earlier.span.file === match.span.file
          ? 'put the narrower pattern above the wider one'
          : 'entries of deeper folders come first, then by path; put the narrower pattern there, or into the same file above the wider one',
      related: [{ span: earlier.span, message: 'this entry comes first' }],
    })
  }
}
