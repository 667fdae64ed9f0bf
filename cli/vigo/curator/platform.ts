import { arch, platform } from 'node:os'
import { InvalidArgumentError } from 'commander'

export interface Platform {
  os: string
  arch: string
}

const GO_ARCH: Record<string, string> = { x64: 'amd64', ia32: '386' }

export function hostPlatform(): Platform {
  return { os: platform(), arch: GO_ARCH[arch()] ?? arch() }
}

/** Reads `linux/amd64`. */
export function platformOption(text: string): Platform {
  const match = /^([a-z0-9_]{1,32})\/([a-z0-9_]{1,32})$/.exec(text)
  if (!match) throw new InvalidArgumentError('must be <os>/<arch>, for example linux/amd64')
  return { os: match[1] ?? '', arch: match[2] ?? '' }
}
