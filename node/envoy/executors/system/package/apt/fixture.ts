import { mkdir, rm, writeFile } from 'node:fs/promises'
import { sh } from '../../fixture.ts'

export interface Deb {
  readonly name: string
  readonly version: string
  readonly fields?: string
  readonly postinst?: string
  /** A configuration file of the package. */
  readonly conffile?: string
}

export const REPOSITORY = '/srv/apt'
export const KEYRING = '/etc/apt/keyrings/local.gpg'

/** Builds a package file and answers its path. */
export async function buildDeb(
  { name, version, fields = '', postinst, conffile }: Deb,
  folder: string,
): Promise<string> {
  const tree = `/tmp/deb-${name}`
  await rm(tree, { recursive: true, force: true })
  await mkdir(`${tree}/DEBIAN`, { recursive: true })
  await mkdir(`${tree}/usr/share/${name}`, { recursive: true })
  await mkdir(folder, { recursive: true })
  const control = [
    `Package: ${name}`,
    `Version: ${version}`,
    'Architecture: all',
    'Maintainer: Test <test@example.org>',
  ]
  await writeFile(
    `${tree}/DEBIAN/control`,
    `${[...control, ...(fields === '' ? [] : [fields]), 'Description: test'].join('\n')}\n`,
  )
  await writeFile(`${tree}/usr/share/${name}/version`, `${version}\n`)
  if (conffile !== undefined) {
    await mkdir(`${tree}/etc`, { recursive: true })
    await writeFile(`${tree}/etc/${name}.conf`, conffile)
    await writeFile(`${tree}/DEBIAN/conffiles`, `/etc/${name}.conf\n`)
  }
  if (postinst !== undefined) {
    await writeFile(`${tree}/DEBIAN/postinst`, `#!/bin/sh\nset -e\n${postinst}\n`, { mode: 0o755 })
  }
  const path = `${folder}/${name}_${version.replace(':', '%3a')}_all.deb`
  await sh(`dpkg-deb -Zgzip --root-owner-group --build ${tree} ${path}`)
  return path
}

/** A key without a passphrase; answers its fingerprint. */
export async function makeKey(name: string): Promise<string> {
  await sh(
    `mkdir -p -m 700 /root/.gnupg; gpg --batch --pinentry-mode loopback --passphrase '' --quick-gen-key '${name}' ed25519 sign never`,
  )
  return await sh(`gpg --with-colons --list-keys '${name}' | awk -F: '/^fpr/{print $10; exit}'`)
}

/** Index and signature of the repository's packages. */
export async function publish(key: string, folder = REPOSITORY): Promise<void> {
  await sh(`cd ${folder} && apt-ftparchive packages . > Packages && apt-ftparchive release . > /tmp/Release && mv /tmp/Release Release
    rm -f InRelease && gpg --batch --yes -u '${key}' --clearsign -o InRelease Release`)
}

/** Only the local repository, and its dates are looked at. */
export async function useRepository(key: string): Promise<void> {
  await sh(`mkdir -p /etc/apt/keyrings; gpg --export '${key}' > ${KEYRING}; rm -f /etc/apt/sources.list.d/*`)
  await writeFile('/etc/apt/apt.conf.d/99dates', 'Acquire::Check-Valid-Until "true";\nAcquire::Check-Date "true";\n')
  await writeFile('/etc/apt/sources.list', `deb [signed-by=${KEYRING}] copy:${REPOSITORY} ./\n`)
  await sh('apt-get -qq update')
}
