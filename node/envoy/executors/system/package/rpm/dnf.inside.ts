import { mkdir, rm, writeFile } from 'node:fs/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { exitCode, FileServer, realMachine, sh, Trial } from '../../fixture.ts'
import { buildRpm, publish, REPOSITORY } from './fixture.ts'
import { compareEvr } from './version-order.ts'

const trial = () => new Trial('package', realMachine({ 'os.family': 'redhat' }))
const installed = (name: string) => sh(`rpm -q --qf '%{VERSION}' ${name} || true`)

beforeAll(async () => {
  // Debian's dnf copies what it installs into a repository of its own, and knows no release.
  await sh(
    'sed -i s/enabled.*/enabled=false/ /etc/dnf/plugins/local.conf; mkdir -p /etc/dnf/vars; echo 1 > /etc/dnf/vars/releasever',
  )
  for (const version of ['1.0', '1.1']) await buildRpm('alpha', version)
  await buildRpm('beta', '1.0', 'Provides: mail-server')
  await buildRpm('leaf', '1.0', 'Requires: lib')
  await buildRpm('lib', '1.0')
  await publish()
  await mkdir('/etc/yum.repos.d', { recursive: true })
  const section = `[local]\nname=local\nbaseurl=file://${REPOSITORY}\ngpgcheck=0`
  await new Trial('repository', realMachine({ 'os.family': 'redhat' })).converge({ repository: 'local', repo: section })
})

describe('packages of dnf', () => {
  test('of one resource are installed in one transaction, and found without another process', async () => {
    const on = trial()
    await on.converge({ package: ['beta', 'leaf'] })
    expect(on.commands.filter(([program, ...args]) => program === 'dnf' && args.includes('install'))).toHaveLength(1)
    const before = on.commands.length
    expect(await on.check({ package: ['beta', 'lib'] })).toEqual({ kind: 'compliant' })
    expect(on.commands.slice(before)).toEqual([])
    expect(await on.check({ package: ['mail-server'] })).toEqual({ kind: 'compliant' })
  })

  test('are installed in a version, taken back when allowed, held, and the latest', async () => {
    const on = trial()
    await on.converge({ package: ['alpha'], version: '1.1' })
    await expect(on.check({ package: ['alpha'], version: '1.0' })).rejects.toMatchObject({ code: 'failed' })
    await on.converge({ package: ['alpha'], version: '1.0', allow_downgrade: true, lock_version: true })
    expect(await installed('alpha')).toBe('1.0')
    expect(await sh('dnf -q versionlock list')).toContain('alpha-0:1.0-1')
    await on.converge({ package: ['alpha'], version: '1.1-1', lock_version: true })
    expect(await installed('alpha')).toBe('1.1')
    await sh('dnf -q versionlock clear')
    await on.converge({ package: ['alpha'], version: '1.0', allow_downgrade: true })
    const { changes } = await on.converge({ package: ['alpha'], state: 'latest' })
    expect(changes).toEqual([{ attribute: 'alpha', from: '1.0-1', to: '1.1-1' }])
  })

  test('are all upgraded by a star, after the indexes were read again', async () => {
    await buildRpm('alpha', '1.2')
    await publish()
    const all = { package: ['*'], state: 'latest', update_cache: true } as const
    expect(await trial().check(all, { isDryRun: true })).toEqual({ kind: 'compliant' })
    await sh('touch -d "1 hour ago" /var/cache/dnf')
    expect((await trial().converge(all)).changes).toEqual([{ attribute: 'alpha', from: '1.1-1', to: '1.2-1' }])
  })

  test('are removed, and what nobody needs any more with them when asked', async () => {
    await trial().converge({ package: ['leaf'], state: 'absent' })
    expect(await installed('lib')).toBe('1.0')
    await trial().converge({ package: ['leaf'] })
    await trial().converge({ package: ['leaf'], state: 'absent', post_cleanup: true })
    expect(await exitCode('rpm -q lib')).not.toBe(0)
  })

  test('that no repository has are a failure, and a broken repository blocks', async () => {
    expect(await trial().failure({ package: ['no-such-thing'] })).toMatchObject({ code: 'failed' })
    await writeFile(
      '/etc/yum.repos.d/bad.repo',
      '[bad]\nname=bad\nbaseurl=file:///srv/nothing\nskip_if_unavailable=0\ngpgcheck=0\n',
    )
    expect(await trial().failure({ package: ['no-such-thing'], update_cache: true })).toMatchObject({ code: 'blocked' })
    await rm('/etc/yum.repos.d/bad.repo')
  })

  test('may come as a file', async () => {
    await buildRpm('outside', '3.0')
    await using server = await FileServer.on(REPOSITORY)
    const on = new Trial('nonrepo_package', realMachine({ 'os.family': 'redhat' }))
    await on.converge({ url: server.url('/outside-3.0.rpm') })
    expect(await installed('outside')).toBe('3.0')
    await on.converge({ package: 'outside', state: 'absent' })
  })
})

test('versions are ordered as rpm orders them', async () => {
  const versions = [
    '1',
    '1.0',
    '1.0~rc1',
    '1.0^git1',
    '1.0a',
    '1.a',
    '1.10',
    '1.9',
    '01.9',
    '2',
    'a',
    '1~',
    '1^',
    '1.0^',
    '1_0',
    '1..0',
    '10a1',
  ]
  const pairs = versions.flatMap(a => versions.map((b): [string, string] => [a, b]))
  const asked = pairs.map(([a, b]) => `io.write(rpm.vercmp("${a}", "${b}"), " ")`).join('; ')
  const answers = (await sh(`rpm --eval '%{lua: ${asked}}'`)).trim().split(/\s+/).map(Number)
  expect(pairs.map(([a, b]) => Math.sign(compareEvr(a, b)))).toEqual(answers)
})
