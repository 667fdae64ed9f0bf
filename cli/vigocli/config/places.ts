import { userInfo } from 'node:os'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { layoutOf } from '#cli/shell'
import { configHome, type ReleasePlaces, Releases, releasePlaces } from '#config/store'

/** Options of all `config` verbs. */
export interface PlaceOptions {
  /** The operators' tree; `<home>/stacks` otherwise. */
  stacks?: string
  /** Folder of `.live` and `releases`. */
  home?: string
}

export function placesOf(command: Command): ReleasePlaces {
  const { stacks, home } = command.optsWithGlobals<PlaceOptions>()
  const where = home === undefined ? configHome(layoutOf(command).root) : resolve(home)
  return stacks === undefined ? releasePlaces(where) : releasePlaces(where, resolve(stacks))
}

export function releasesOf(command: Command): Releases {
  return new Releases({ places: placesOf(command) })
}

/** Who the history names: `VIGO_AUTHOR`, for jobs that publish for somebody; otherwise the user that called, also through sudo. */
export function author(): string {
  const { username, uid } = userInfo()
  const named = process.env['VIGO_AUTHOR'] ?? ''
  if (named !== '') return named
  const caller = process.env['SUDO_USER'] ?? ''
  return uid === 0 && /^[A-Za-z0-9._@-]{1,64}$/.test(caller) ? caller : username
}
