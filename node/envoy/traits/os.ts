import { platform, release } from 'node:os'
import { hostPlatform } from '#node/kit'
import type { Collector } from './collector.ts'

const FAMILIES: readonly (readonly [string, readonly string[]])[] = [
  ['debian', ['debian', 'ubuntu', 'raspbian', 'linuxmint', 'devuan', 'kali']],
  ['redhat', ['rhel', 'fedora', 'centos', 'rocky', 'almalinux', 'ol', 'amzn', 'scientific', 'azurelinux', 'mariner']],
  ['suse', ['suse', 'sles', 'opensuse', 'opensuse-leap', 'opensuse-tumbleweed', 'sled']],
  ['alpine', ['alpine', 'postmarketos']],
  ['arch', ['arch', 'archarm', 'manjaro', 'endeavouros']],
  ['gentoo', ['gentoo']],
]

/** `os.family`, `os.distro`, `os.version`, `os.arch` and more, from `os-release`. */
export const osCollector: Collector = {
  name: 'os',
  freshness: 'stable',
  collect: async host => {
    const { arch } = hostPlatform()
    const base = { arch, kernel: release(), kernel_name: platform() }
    const text = (await host.text('/etc/os-release')) ?? (await host.text('/usr/lib/os-release'))
    if (text === null) return { os: { ...base, family: platform(), distro: platform(), version: release() } }
    const fields = osRelease(text)
    const distro = fields.get('ID')?.toLowerCase() ?? platform()
    return {
      os: {
        ...base,
        family: familyOf([distro, ...(fields.get('ID_LIKE')?.toLowerCase().split(/\s+/) ?? [])]) ?? distro,
        distro,
        version: fields.get('VERSION_ID') ?? (await host.text('/etc/debian_version'))?.trim() ?? 'rolling',
        ...optional('codename', fields.get('VERSION_CODENAME')),
        ...optional('name', fields.get('PRETTY_NAME') ?? fields.get('NAME')),
      },
    }
  },
}

/** `NAME="value"` lines, as a shell would read them. */
export function osRelease(text: string): Map<string, string> {
  const fields = new Map<string, string>()
  for (const line of text.split('\n')) {
    const match = /^\s*([A-Z0-9_]+)=(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S*))/.exec(line)
    if (match === null) continue
    const [, name = '', double, single, bare] = match
    fields.set(name, double?.replace(/\\(.)/g, '$1') ?? single ?? bare ?? '')
  }
  return fields
}

function familyOf(ids: readonly string[]): string | undefined {
  for (const id of ids) for (const [family, members] of FAMILIES) if (members.includes(id)) return family
  return undefined
}

export function optional<K extends string, V>(name: K, value: V | undefined): { [key in K]?: V } {
  return value === undefined || value === '' ? {} : ({ [name]: value } as { [key in K]?: V })
}
