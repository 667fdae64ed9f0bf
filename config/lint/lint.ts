import { type Diagnostic, Diagnostics, readDeclarations, type SourceFile } from '#config/lang'
import { type Change, fix } from './fix.ts'
import { flawOf } from './proof.ts'
import { checkRules } from './rules/index.ts'
import { View } from './view.ts'

export interface FixResult {
  /** As it was read. */
  readonly source: SourceFile
  /** As it should be; the text of `source` when nothing is to be done, or when it is refused. */
  readonly file: SourceFile
  readonly changes: readonly Change[]
  /** Why the file was left as it is. Its diagnostics say it too. */
  readonly refused: string | undefined
  /** Why the file was left as it is, for its author; empty when it was not, or when its syntax errors say it. */
  readonly refusals: readonly Diagnostic[]
}

export interface LintResult extends FixResult {
  /** Everything that the reader of the language and the lint's own checks find in `judged`. */
  readonly diagnostics: readonly Diagnostic[]
  /** More were found than one run tells. */
  readonly leftOut: number
}

export interface LintOptions {
  /** Which text the diagnostics speak of: what `--fix` would leave (the default), or what the author has now. */
  readonly judge?: 'fixed' | 'source'
}

/**
 * Stages 1, 2 and 4: what the file should look like, proven. The values stay (but for `yes-no` and `when-changed`), comments stay byte
 * for byte, and a second run changes nothing; a file for which that does not hold is refused and stays as it is. Never throws for
 * what a file holds.
 */
export function fixFile(source: SourceFile): FixResult {
  return fixed(source).result
}

/** `fixFile`, and what the lint's own checks say of the file as it then is. For whoever reads the declarations anyway. */
export function fixAndCheck(source: SourceFile): FixResult & { readonly warnings: readonly Diagnostic[] } {
  const { result, view } = fixed(source)
  const diagnostics = new Diagnostics()
  check(view, diagnostics)
  return { ...result, warnings: diagnostics.sorted }
}

function fixed(source: SourceFile): { readonly result: FixResult; readonly view: View } {
  const view = new View(source)
  const { start, text, changes } = fix(view)
  if (start === undefined) return { result: { ...unchanged(source), refused: 'YAML cannot be read from it' }, view }
  if (text === source.text) return { result: unchanged(source), view }
  const after = new View({ path: source.path, text })
  const flaw = flawOf(start, after) ?? instability(after)
  if (flaw === undefined) return { result: { ...unchanged(source), file: after.file, changes }, view: after }
  return { result: { ...unchanged(source), refused: flaw, refusals: [refusal(source, flaw)] }, view }
}

function check(view: View, diagnostics: Diagnostics): void {
  for (const rule of checkRules) {
    if (view.isReadable && (rule.files === 'every file' || view.crate !== undefined)) rule.check(view, diagnostics)
  }
}

/** All four stages for one file. */
export function lintFile(source: SourceFile, options: LintOptions = {}): LintResult {
  const result = fixFile(source)
  const judged = options.judge === 'source' ? source : result.file
  const diagnostics = new Diagnostics()
  readDeclarations(judged, diagnostics)
  check(new View(judged), diagnostics)
  diagnostics.addAll(result.refusals)
  return { ...result, diagnostics: diagnostics.sorted, leftOut: diagnostics.leftOut }
}

/** All four stages for the `.vgo` files of a tree, in the order of their paths. Others are left out. */
export function lintTree(files: Iterable<SourceFile>, options: LintOptions = {}): LintResult[] {
  return Array.from(files)
    .filter(({ path }) => path.endsWith('.vgo'))
    .toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
    .map(file => lintFile(file, options))
}

function unchanged(source: SourceFile): FixResult {
  return { source, file: source, changes: [], refused: undefined, refusals: [] }
}

function instability(view: View): string | undefined {
  return fix(view).text === view.text ? undefined : 'a second run would change it again'
}

function refusal(file: SourceFile, flaw: string): Diagnostic {
  return {
    code: 'not-formatted',
    severity: 'warning',
    span: { file, start: 0, end: 0 },
    message: `the file was left as it is: ${flaw}`,
    hint: 'format it by hand; the configuration itself is not affected',
    related: [],
  }
}
