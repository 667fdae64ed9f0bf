import { mkdir, rm, writeFile } from 'node:fs/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { exitCode, FileServer, realMachine, sh, Trial } from '../../fixture.ts'
import { buildRpm, publish, REPOSITORY } from './fixture.ts'

const suse = () => realMachine({ 'os.family': 'suse' })
const trial = () => new Trial('package', suse())
const installed = (name: string) => sh(`rpm -q --qf '%{VERSION}' ${name} || true`)

beforeAll(async () => {
  // Debian's rpm has its database in the home of its user, where zypper does not look.
  await sh("mkdir -p /etc/rpm; echo '%_dbpath /var/lib/rpm' > /etc/rpm/macros.dbpath")
  for (const version of ['1.0', '1.1']) await buildRpm('alpha', version)
  await buildRpm('beta', '1.0')
  await publish()
  await mkdir('/etc/zypp/repos.d', { recursive: true })
  const section = `[tests]\nname=tests\nbaseurl=file://${REPOSITORY}\ngpgcheck=0`
  await new Trial('repository', suse()).converge({ repository: 'tests', repo: section })
})

describe('packages of zypper', () => {
  test('are installed in one transaction, in a version, taken back when allowed, held, and the latest', async () => {
    const on = trial()
    await on.converge({ package: ['alpha', 'beta'], update_cache: true })
    await expect(on.check({ package: ['alpha'], version: '1.0' })).rejects.toMatchObject({ code: 'failed' })
    await on.converge({ package: ['alpha'], version: '1.0', allow_downgrade: true, lock_version: true })
    expect(await sh('zypper locks')).toContain('alpha')
    await on.converge({ package: ['alpha'], version: '1.1', lock_version: true })
    expect(await installed('alpha')).toBe('1.1')
    await sh('zypper -n removelock alpha')
    await on.converge({ package: ['alpha'], version: '1.0', allow_downgrade: true })
    expect((await on.converge({ package: ['alpha'], state: 'latest' })).changes).toEqual([
      { attribute: 'alpha', from: '1.0-1', to: '1.1-1' },
    ])
  })

  test('are all upgraded by a star, and removed', async () => {
    await buildRpm('alpha', '1.2')
    await publish()
    await sh('zypper -n refresh -f')
    await trial().converge({ package: ['*'], state: 'latest' })
    expect(await installed('alpha')).toBe('1.2')
    await trial().converge({ package: ['beta'], state: 'absent' })
    expect(await exitCode('rpm -q beta')).not.toBe(0)
  })

  test('that no repository has are a failure, and a broken repository blocks', async () => {
    expect(await trial().failure({ package: ['no-such-thing'] })).toMatchObject({ code: 'failed' })
    await writeFile(
      '/etc/zypp/repos.d/bad.repo',
      '[bad]\nname=bad\nenabled=1\nbaseurl=file:///srv/nothing\ngpgcheck=0\n',
    )
    expect(await trial().failure({ package: ['no-such-thing'], update_cache: true })).toMatchObject({ code: 'blocked' })
    await rm('/etc/zypp/repos.d/bad.repo')
  })

  test('may come as a file', async () => {
    await buildRpm('outside', '3.0')
    await using server = await FileServer.on(REPOSITORY)
    await new Trial('nonrepo_package', suse()).converge({ url: server.url('/outside-3.0.rpm') })
    expect(await installed('outside')).toBe('3.0')
  })
})
