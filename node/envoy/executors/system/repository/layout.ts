import { ExecutorError } from '../../errors.ts'
import type { Machine } from '../../machine.ts'
import { packageProvider } from '../package/detect.ts'
import { editApkRepositories } from './apk-source.ts'
import { aptSource } from './apt-source.ts'
import { iniSource } from './ini-source.ts'
import type { KeySource } from './key.ts'

export type Family = 'apt' | 'dnf' | 'zypper' | 'apk'

export interface RepositoryAttributes {
  readonly repository: string
  readonly state: 'present' | 'absent'
  readonly repo: string
  readonly key_url: string | undefined
  readonly enabled: boolean
  readonly format: 'auto' | 'list' | 'deb822'
}

/** A file of the machine as it should be; null for none. Given the text that is there now, for files that others have lines in. */
export interface WantedText {
  readonly path: string
  readonly text: (present: string) => string | null
}

export interface RepositoryLayout {
  readonly files: readonly WantedText[]
  readonly keyFile: string
  readonly keyForm: KeySource['form']
}

/** The machine's kind of repositories; an apt line is one of apt wherever it is written. @throws ExecutorError 'blocked' */
export async function familyOf({ repo }: RepositoryAttributes, machine: Machine): Promise<Family> {
  if (/^(?:deb|deb-src)\s|^Types:/im.test(repo.trim())) return 'apt'
  const { name } = await packageProvider(machine)
  if (name === 'yum') return 'dnf'
  if (name === 'apt' || name === 'dnf' || name === 'zypper' || name === 'apk') return name
  throw new ExecutorError(
    'blocked',
    `repositories of ${name} are sections of /etc/pacman.conf; write them with a resource of type ini`,
  )
}

export function layoutOf(attributes: RepositoryAttributes, family: Family): RepositoryLayout {
  const { repository: name, repo, enabled, format, state } = attributes
  const isPresent = state === 'present'
  const hasKey = attributes.key_url !== undefined
  switch (family) {
    case 'apt': {
      const keyFile = `/etc/apt/keyrings/${name}.gpg`
      const source = isPresent ? aptSource(repo, { format, enabled, keyFile: hasKey ? keyFile : undefined }) : null
      const of = (form: string) => (source?.form === form ? source.text : null)
      const folder = '/etc/apt/sources.list.d'
      return {
        files: [
          { path: `${folder}/${name}.list`, text: () => of('list') },
          { path: `${folder}/${name}.sources`, text: () => of('deb822') },
        ],
        keyFile,
        keyForm: 'binary',
      }
    }
    case 'dnf':
    case 'zypper': {
      const keyFile = `/etc/pki/rpm-gpg/RPM-GPG-KEY-${name}`
      const text = isPresent ? iniSource(repo, { name, enabled, keyFile: hasKey ? keyFile : undefined }) : null
      const folder = family === 'dnf' ? '/etc/yum.repos.d' : '/etc/zypp/repos.d'
      return { files: [{ path: `${folder}/${name}.repo`, text: () => text }], keyFile, keyForm: 'armored' }
    }
    case 'apk': {
      const text = (present: string) => editApkRepositories(present, name, isPresent ? repo.trim() : null, enabled)
      return {
        files: [{ path: '/etc/apk/repositories', text }],
        keyFile: `/etc/apk/keys/${apkKeyName(attributes)}`,
        keyForm: 'as-is',
      }
    }
  }
}

/** apk finds a key by its name, which the repository's signature says. */
function apkKeyName({ repository, key_url }: RepositoryAttributes): string {
  const last = /\/([A-Za-z0-9@._-]+\.rsa\.pub)(?:[?#]|$)/.exec(key_url ?? '')?.[1]
  return last ?? `${repository}.rsa.pub`
}
