import { InvalidArgumentError } from 'commander'
import type { Platform } from '#node/kit'

/** Reads `linux/amd64`. */
export function platformOption(text: string): Platform {
  const match = /^([a-z0-9_]{1,32})\/([a-z0-9_]{1,32})$/.exec(text)
  if (!match) throw new InvalidArgumentError('must be <os>/<arch>, for example linux/amd64')
  return { os: match[1] ?? '', arch: match[2] ?? '' }
}
