import { plainOf } from './attribute/index.ts'
import type { Declarations, Variables } from './declarations.ts'
import { Diagnostics, renderDiagnostic } from './diagnostic.ts'
import type { Located } from './node.ts'
import { readDeclarations } from './read/index.ts'
import { parseSource } from './syntax/index.ts'

/** What an author reads who made no mistake. */
export const NOTHING = '\n\n'

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

/** What a file declares that has nothing wrong. @throws Error with what is wrong */
export function declared(path: string, text: string): Declarations {
  const diagnostics = new Diagnostics()
  const declarations = readDeclarations({ path, text }, diagnostics)
  if (diagnostics.sorted.length > 0) throw new Error(diagnostics.sorted.map(renderDiagnostic).join('\n'))
  return declarations
}

export function valuesOf(located: readonly Located<string>[]): readonly string[] {
  return located.map(({ value }) => value)
}

export function variablesOf(variables: Variables): unknown {
  return Object.fromEntries(Array.from(variables.values(), ({ key, value }) => [key, plainOf(value)]))
}
