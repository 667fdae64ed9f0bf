import { Diagnostics, renderDiagnostic } from './diagnostic.ts'
import { readDeclarations } from './read/index.ts'
import { parseSource } from './syntax/index.ts'

/** What an author reads about a file: all diagnostics, in the order of the file. */
export function complaintsAbout(text: string, path = 'configcrates/web.vgo'): string {
  const diagnostics = new Diagnostics()
  readDeclarations({ path, text }, diagnostics)
  return `\n${diagnostics.sorted.map(renderDiagnostic).join('\n')}\n`
}

/** The same for its YAML alone. */
export function syntaxComplaints(text: string): string {
  const diagnostics = new Diagnostics()
  parseSource({ path: 'web.vgo', text }, diagnostics)
  return `\n${diagnostics.sorted.map(renderDiagnostic).join('\n')}\n`
}

/** A configcrate with these resources, each given as its lines without indentation. */
export function crateOf(...resources: readonly string[]): string {
  const items = resources.map(lines => `  - ${lines.trim().replaceAll('\n', '\n    ')}\n`)
  return `name: web\nresources:\n${items.join('')}`
}
