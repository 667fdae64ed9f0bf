import type { Command } from 'commander'
import { isVersionAsked } from './program.ts'

export interface LazyCommand {
  /** Of the commands that it adds. */
  readonly names: readonly string[]
  readonly load: () => Promise<(to: Command) => void | Promise<void>>
}

const HELP: ReadonlySet<string> = new Set(['help', '--help', '-h'])

/**
 * Adds the commands whose names are among the words of the command line, and loads no others; all where help is asked for before any is named,
 * which shows them, and where none is. A word may be the value of an option: then a command is loaded for nothing.
 */
export async function addMeant(to: Command, commands: readonly LazyCommand[]): Promise<void> {
  const words = process.argv.slice(2)
  if (isVersionAsked(words)) return
  const named = commands.filter(({ names }) => names.some(name => words.includes(name)))
  const first = words.find(word => HELP.has(word) || named.some(({ names }) => names.includes(word)))
  const meant = first === undefined || HELP.has(first) ? commands : named
  for (const add of await Promise.all(meant.map(({ load }) => load()))) await add(to)
}
