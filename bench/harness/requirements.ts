import { findProgram } from './command.ts'
import type { Skipped } from './types.ts'

/** The line of a row that cannot be measured here, or null when all it needs is there. */
export function missing(row: string, needs: { programs?: readonly string[]; root?: boolean }): Skipped | null {
  const absent = (needs.programs ?? []).filter(name => findProgram(name) === null)
  if (absent.length > 0) return { row, skipped: `needs ${absent.join(' and ')}, which is not installed` }
  if (needs.root === true && process.getuid?.() !== 0) return { row, skipped: 'needs root, for network namespaces' }
  return null
}
