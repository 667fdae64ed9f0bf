import type { Command } from 'commander'
import { interruptSignal, layoutOf, print, printJson } from '#cli/shell'
import { envoyRoutes } from '#node/api'
import { codeOf, VigoError } from '#node/kit'
import { withAgent } from './client.ts'

class TraitsError extends VigoError<'not-found'> {}

type Traits = Readonly<Record<string, unknown>>

export function addTraits(program: Command): void {
  program
    .command('traits [path]')
    .description('what this machine says of itself; with a path (os.family) that value only')
    .option('--json', 'print as JSON')
    .action(async (path: string | undefined, options: { json?: boolean }, command: Command) => {
      const traits = await traitsOf(command)
      const value = path === undefined ? traits : valueAt(traits, path)
      if (options.json) printJson(value)
      else for (const line of linesOf(value, path ?? '')) print(line)
    })
}

/** Of the agent that runs here; without one they are collected here, without what the swarm knows. */
async function traitsOf(command: Command): Promise<Traits> {
  const signal = interruptSignal()
  try {
    return (await withAgent(command, client => client.call(envoyRoutes.traits, {}, { signal }))).traits
  } catch (error) {
    if (codeOf(error) !== 'not-running' && codeOf(error) !== 'not-found') throw error
  }
  const { collectTraits } = await import('#node/envoy')
  return collectTraits({ layout: layoutOf(command), signal })
}

function valueAt(traits: Traits, path: string): unknown {
  let value: unknown = traits
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) {
      const known = typeof value === 'object' && value !== null ? Object.keys(value).join(', ') : 'nothing'
      throw new TraitsError('not-found', `this machine has no trait '${path}'; at '${name}' there is ${known}`)
    }
    value = (value as Traits)[name]
  }
  return value
}

/** `path = value` for each value; a value that was asked for by its path alone. */
function linesOf(value: unknown, path: string, depth = 0): string[] {
  if (typeof value !== 'object' || value === null) return [depth === 0 ? String(value) : `${path} = ${String(value)}`]
  const entries = Object.entries(value)
  if (Array.isArray(value) && value.every(item => typeof item !== 'object')) return [`${path} = ${value.join(', ')}`]
  return entries.flatMap(([name, inner]) => linesOf(inner, path === '' ? name : `${path}.${name}`, depth + 1))
}
