import { open } from 'node:fs/promises'
import { ExecutorError } from '../../errors.ts'
import { invoke, said } from '../invoke.ts'
import type { PackageContext } from './provider.ts'

export interface PackageFile {
  readonly form: 'deb' | 'rpm'
  readonly name: string
  readonly version: string
}

type Form = PackageFile['form'] | 'macOS' | 'Windows'

const RPM_FIELDS = 'Package: %{NAME}\\nVersion: %{EPOCHNUM}:%{VERSION}-%{RELEASE}\\n'
const DEB = Buffer.from('!<arch>\ndebian-binary')
const RPM = Buffer.of(0xed, 0xab, 0xee, 0xdb)
const XAR = Buffer.from('xar!')
const OLE = Buffer.of(0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1)

/** What the first bytes of a package file say that it is; null for anything else. A name or URL says nothing. */
export function formOf(head: Uint8Array): Form | null {
  const starts = (magic: Buffer) => magic.equals(head.subarray(0, magic.length))
  if (starts(DEB)) return 'deb'
  if (starts(RPM)) return 'rpm'
  if (starts(XAR)) return 'macOS'
  return starts(OLE) ? 'Windows' : null
}

/** Name and version as the file itself says them. @throws ExecutorError 'failed' for a file that is no package for this machine */
export async function readPackageFile(path: string, { machine, budget }: PackageContext): Promise<PackageFile> {
  const form = formOf(await firstBytes(path))
  if (form === null) throw new ExecutorError('failed', 'what was fetched is no package file; check url and sha256')
  if (form === 'macOS' || form === 'Windows') throw new ExecutorError('failed', `the package file is one for ${form}`)
  const result =
    form === 'deb'
      ? await invoke(machine, budget, 'dpkg-deb', ['--field', path, 'Package', 'Version'])
      : await invoke(machine, budget, 'rpm', ['-qp', '--nosignature', '--qf', RPM_FIELDS, path])
  const name = /^Package: *(\S+)$/m.exec(result.stdout)?.[1] ?? ''
  const version = /^Version: *(\S+)$/m.exec(result.stdout)?.[1] ?? ''
  if (result.exitCode !== 0 || name === '' || version === '') {
    throw new ExecutorError('failed', `the package file is damaged, or not one for this machine${said(result)}`)
  }
  return { form, name, version: version.replace(/^0:/, '') }
}

async function firstBytes(path: string): Promise<Buffer> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(32), 0, 32, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}
