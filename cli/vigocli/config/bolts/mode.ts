import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { layoutOf } from '#cli/shell'
import { Diagnostics, parseSource, plainOf } from '#config/lang'
import { configHome } from '#config/store'
import type { SpannerStatus } from '#node/api'
import { messageOf } from '#node/kit'
import { isRemote, withServer } from '../../server/connection.ts'
import { placesOf } from '../places.ts'
import { SharedConfigError } from './errors.ts'

/** Whether the server of this machine, or the one that was named, reads what this command works on. */
export function hasServer(command: Command): boolean {
  return isRemote(command) || placesOf(command).home === configHome(layoutOf(command).root)
}

/**
 * How the server shares the configuration with others; null when it does not, or when there is none.
 *
 * @throws SharedConfigError 'not-running' when it should share it and cannot be asked; whatever a named server answers
 */
export async function sharedBy(command: Command, signal: AbortSignal): Promise<SpannerStatus | null> {
  if (!hasServer(command)) return null
  try {
    const { serverRoutes } = await import('#node/api')
    const status = await withServer(command, client => client.call(serverRoutes.spannerStatus, {}, { signal }))
    return status.mode === 'spanner' ? status : null
  } catch (error) {
    signal.throwIfAborted()
    if (isRemote(command)) throw error
    const { serverYaml } = layoutOf(command)
    if (!(await isShared(serverYaml))) return null
    throw new SharedConfigError(
      'not-running',
      `this server shares its configuration with others (spanner.mode of ${serverYaml}), so that only it can publish, and it does not answer: ${messageOf(error)}. Start it, or name another bolt with --server`,
      { cause: error },
    )
  }
}

/** Settings that cannot be read are those of a server that could not run with them. */
async function isShared(path: string): Promise<boolean> {
  const text = await readFile(path, 'utf8').catch(() => '')
  const { root } = parseSource({ path, text }, new Diagnostics())
  const settings = root === undefined ? {} : plainOf(root)
  return modeIn(settings) === 'spanner'
}

function modeIn(settings: unknown): unknown {
  const spanner = fieldOf(settings, 'spanner')
  return fieldOf(spanner, 'mode')
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined
}
