import { Diagnostics, type MapEntry, type MapNode, parseSource, placeOf, type SourceFile } from '#config/lang'
import { PromoteError } from './errors.ts'

/** The environments of a file by their names, as written. @throws PromoteError 'not-editable' */
export function blocksOf(file: SourceFile): ReadonlyMap<string, MapEntry> {
  const diagnostics = new Diagnostics()
  const { root } = parseSource(file, diagnostics)
  const [first] = diagnostics.sorted
  if (diagnostics.hasErrors && first !== undefined) {
    throw new PromoteError('not-editable', `${placeOf(first.span)}: ${first.message}; mend the file first`)
  }
  if (root?.kind !== 'map') return new Map()
  const named = root.entries.get('environments')?.value ?? root.entries.get('env')?.value
  return named?.kind === 'map' ? named.entries : new Map()
}

/** @throws PromoteError 'no-environment' */
export function blockNamed(file: SourceFile, blocks: ReadonlyMap<string, MapEntry>, name: string): MapEntry {
  const block = blocks.get(name)
  if (block !== undefined) return block
  const known = [...blocks.keys()]
  const which = known.length === 0 ? 'it has none' : `it has ${known.slice(0, 20).join(', ')}`
  throw new PromoteError('no-environment', `${file.path} has no environment '${name.slice(0, 100)}'; ${which}`)
}

export function varsOf({ value }: MapEntry): MapNode | undefined {
  const vars = value.kind === 'map' ? value.entries.get('vars')?.value : undefined
  return vars?.kind === 'map' ? vars : undefined
}
