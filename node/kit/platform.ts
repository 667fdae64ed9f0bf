import { arch, platform } from 'node:os'

export interface Platform {
  readonly os: string
  readonly arch: string
}

const GO_ARCH: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' }

/** This machine's platform in Go's words (`linux`, `amd64`), which the catalog and the roster use. */
export function hostPlatform(): Platform {
  return { os: platform(), arch: GO_ARCH[arch()] ?? arch() }
}
