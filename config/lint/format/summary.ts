import type { LintResult } from '../lint.ts'

export interface FormatOptions {
  /** Whether the changes were written (`--fix`). Otherwise they are what `--fix` would do. */
  readonly isFixed?: boolean
}

export interface Summary {
  readonly files: number
  readonly errors: number
  readonly warnings: number
  /** Files that `--fix` changes or has changed. */
  readonly changed: number
  /** Files that stay as they are because a change of them could not be proven, or because YAML cannot be read from them. */
  readonly refused: number
}

export function summaryOf(results: readonly LintResult[]): Summary {
  const found = results.flatMap(({ diagnostics }) => diagnostics)
  return {
    files: results.length,
    errors: found.filter(({ severity }) => severity === 'error').length,
    warnings: found.filter(({ severity }) => severity === 'warning').length,
    changed: results.filter(isChanged).length,
    refused: results.filter(({ refused }) => refused !== undefined).length,
  }
}

export function isChanged({ source, file }: LintResult): boolean {
  return file.text !== source.text
}
