import { mkdir, stat, writeFile } from 'node:fs/promises'
import { beforeAll, expect, test } from 'vitest'
import { realMachine, sh, Trial } from '../fixture.ts'

const REPOSITORY = '/srv/pacman'

async function build(name: string, version: string): Promise<void> {
  await mkdir(`/tmp/pac-${name}/usr/share/${name}`, { recursive: true })
  await mkdir(REPOSITORY, { recursive: true })
  const info = {
    pkgname: name,
    pkgbase: name,
    pkgver: version,
    pkgdesc: 'test',
    builddate: '1',
    packager: 'test',
    size: '1',
    arch: 'any',
  }
  await writeFile(
    `/tmp/pac-${name}/.PKGINFO`,
    Object.entries(info)
      .map(([key, value]) => `${key} = ${value}\n`)
      .join(''),
  )
  await sh(`cd /tmp/pac-${name} && tar -czf ${REPOSITORY}/${name}-${version}-any.pkg.tar.gz .PKGINFO usr`)
  const file = `${name}-${version}-any.pkg.tar.gz`
  const size = String((await stat(`${REPOSITORY}/${file}`)).size)
  const fields = { FILENAME: file, NAME: name, VERSION: version, CSIZE: size, ISIZE: '1', ARCH: 'any' }
  const desc = Object.entries(fields).map(([field, value]) => `%${field}%\n${value}\n\n`)
  await sh(`rm -rf /tmp/pacdb/${name}-*; mkdir -p /tmp/pacdb/${name}-${version}`)
  await writeFile(`/tmp/pacdb/${name}-${version}/desc`, desc.join(''))
  await sh(`cd /tmp/pacdb && tar -czf ${REPOSITORY}/tests.db *`)
}

const trial = () => new Trial('package', realMachine({ 'os.family': 'arch' }))

beforeAll(async () => {
  await build('alpha', '1.0-1')
  await build('beta', '1.0-1')
  await mkdir('/var/lib/pacman', { recursive: true })
  await writeFile(
    '/etc/pacman.conf',
    `[options]\nArchitecture = auto\nSigLevel = Never\n[tests]\nServer = file://${REPOSITORY}\n`,
  )
})

test('packages of pacman are installed, upgraded and removed', async () => {
  const on = trial()
  await on.converge({ package: ['alpha', 'beta'], update_cache: true })
  await build('alpha', '1.1-1')
  await sh('pacman -Syy')
  expect((await on.converge({ package: ['alpha'], state: 'latest' })).changes).toEqual([
    { attribute: 'alpha', from: '1.0-1', to: '1.1-1' },
  ])
  await build('alpha', '1.2-1')
  await sh('pacman -Syy')
  await on.converge({ package: ['*'], state: 'latest' })
  await on.converge({ package: ['beta'], state: 'absent', purge: true, post_cleanup: true })
  expect((await on.failure({ package: ['alpha'], version: '1.3' })).message).toContain(
    'look at what its repositories offer',
  )
  expect(await on.failure({ package: ['nothing'] })).toMatchObject({ code: 'failed' })
  expect(await on.failure({ package: ['alpha'], version: '1.2', lock_version: true })).toMatchObject({
    code: 'blocked',
  })
})
