import type { Command } from 'commander'

export interface LazyCommand {
  /** Of the commands that it adds. */
  readonly names: readonly string[]
  readonly load: () => Promise<(to: Command) => void | Promise<void>>
}

const HELP: ReadonlySet<string> = new Set(['help', '--help', '-h'])

/**
 * Adds the commands whose names are among the words of the command line, and loads no others; all where none is, or help is asked for, which
 * shows them. A word may be the value of an option: then a command is loaded for nothing.
 */
export async function addMeant(to: Command, commands: readonly LazyCommand[]): Promise<void> {
  const words = process.argv.slice(2)
  const named = commands.filter(({ names }) => names.some(name => words.includes(name)))
  const meant = named.length === 0 || words.some(word => HELP.has(word)) ? commands : named
  for (const add of await Promise.all(meant.map(({ load }) => load()))) await add(to)
}
