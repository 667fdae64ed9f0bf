import { createHash } from 'node:crypto'
import { copyFile, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { exitCode, FileServer, realMachine, sh, started, Trial } from '../../fixture.ts'
import { buildDeb, KEYRING, makeKey, publish, REPOSITORY, useRepository } from './fixture.ts'
import { compareDebianVersions } from './version-order.ts'

let key = ''
let fingerprint = ''

beforeAll(async () => {
  fingerprint = await makeKey('Local <local@example.org>')
  key = fingerprint
  for (const name of ['alpha', 'beta']) await buildDeb({ name, version: '1.0' }, REPOSITORY)
  await buildDeb({ name: 'alpha', version: '1.1' }, REPOSITORY)
  await buildDeb({ name: 'configured', version: '1', conffile: 'a=1\n' }, REPOSITORY)
  await buildDeb({ name: 'mailer', version: '1', fields: 'Provides: mail-server' }, REPOSITORY)
  await buildDeb({ name: 'slow', version: '1', postinst: 'test ! -e /run/slow || sleep 30' }, REPOSITORY)
  await buildDeb({ name: 'broken', version: '1', postinst: 'echo cannot go on >&2; exit 1' }, REPOSITORY)
  await buildDeb({ name: 'leaf', version: '1', fields: 'Depends: lib' }, REPOSITORY)
  await buildDeb({ name: 'lib', version: '1' }, REPOSITORY)
  await publish(key)
  await useRepository(key)
})

const installed = (name: string) =>
  sh(`dpkg-query -W -f '\${db:Status-Abbrev} \${Version}' ${name} 2>/dev/null || true`)
const installs = (commands: readonly (readonly string[])[]) =>
  commands.filter(([program, ...args]) => program === 'apt-get' && args.includes('install') && !args.includes('-s'))

describe('packages of apt', () => {
  test('of one resource are installed in one transaction, and found without another process', async () => {
    const trial = new Trial('package')
    const { changes } = await trial.converge({ package: ['beta', 'lib', 'configured'] })
    expect(changes.map(each => each.attribute)).toEqual(['beta', 'lib', 'configured'])
    expect(installs(trial.commands)).toHaveLength(1)
    const before = trial.commands.length
    expect(await trial.check({ package: ['beta', 'lib'] })).toEqual({ kind: 'compliant' })
    expect(trial.commands).toHaveLength(before)
  })

  test('are installed in a version, not taken back unless allowed, and held when asked', async () => {
    const trial = new Trial('package')
    await trial.converge({ package: ['alpha'], version: '1.0' })
    await trial.converge({ package: ['alpha'], version: '1.1' })
    await expect(trial.check({ package: ['alpha'], version: '1.0' })).rejects.toMatchObject({ code: 'failed' })
    await trial.converge({ package: ['alpha'], version: '1.0', allow_downgrade: true, lock_version: true })
    expect(await sh('apt-mark showhold')).toBe('alpha')
    await expect(trial.check({ package: ['alpha'], state: 'latest' })).rejects.toMatchObject({ code: 'blocked' })
    await expect(trial.check({ package: ['alpha'], version: '1.1' })).rejects.toMatchObject({ code: 'blocked' })
    await trial.converge({ package: ['alpha'], version: '1.1', lock_version: true })
    expect(await installed('alpha')).toBe('hi  1.1')
    await sh('apt-mark unhold alpha')
    expect((await trial.converge({ package: ['alpha'], version: '1.1', lock_version: true })).changes).toEqual([
      { attribute: 'alpha', from: 'not held', to: 'held at 1.1' },
    ])
    await sh('apt-mark unhold alpha')
  })

  test('are the latest that the indexes know; reading them again is for runs, never for dry runs', async () => {
    const trial = new Trial('package')
    await trial.converge({ package: ['alpha'], version: '1.0', allow_downgrade: true })
    const { changes } = await trial.converge({ package: ['alpha'], state: 'latest' })
    expect(changes).toEqual([{ attribute: 'alpha', from: '1.0', to: '1.1' }])
    await buildDeb({ name: 'alpha', version: '1.2' }, REPOSITORY)
    await publish(key)
    const lists = async () => await sh('find /var/lib/apt/lists -type f -printf "%p %T@ %s\n" | sort')
    const before = await lists()
    await sh('touch -d "2 hours ago" /var/lib/apt/lists /var/lib/apt/lists/partial')
    const old = { package: ['alpha'], state: 'latest', update_cache: true } as const
    const fresh = new Trial('package')
    expect(await fresh.check(old, { isDryRun: true })).toEqual({ kind: 'compliant' })
    expect(await lists()).toBe(before)
    expect(await fresh.check(old)).toMatchObject({ kind: 'different' })
    await fresh.converge(old)
    expect(await installed('alpha')).toBe('ii  1.2')
  })

  test('are all upgraded by a star', async () => {
    await buildDeb({ name: 'alpha', version: '1.3' }, REPOSITORY)
    await buildDeb({ name: 'beta', version: '1.1' }, REPOSITORY)
    await publish(key)
    await sh('apt-get -qq update')
    const { changes } = await new Trial('package').converge({ package: ['*'], state: 'latest' })
    expect(changes.map(({ attribute, to }) => `${attribute} ${to}`).sort()).toEqual(['alpha 1.3', 'beta 1.1'])
    await expect(new Trial('package').check({ package: ['*'] })).rejects.toMatchObject({ code: 'failed' })
  })

  test('are removed, and purged with their configuration', async () => {
    const trial = new Trial('package')
    await trial.converge({ package: ['configured'], state: 'absent' })
    expect(await exitCode('test -e /etc/configured.conf')).toBe(0)
    await trial.converge({ package: ['configured'], state: 'absent', purge: true })
    expect(await exitCode('test -e /etc/configured.conf')).toBe(1)
  })

  test('keep configuration files that somebody changed', async () => {
    const trial = new Trial('package')
    await trial.converge({ package: ['configured'] })
    await writeFile('/etc/configured.conf', 'a=mine\n')
    await buildDeb({ name: 'configured', version: '2', conffile: 'a=2\n' }, REPOSITORY)
    await publish(key)
    await trial.converge({ package: ['configured'], version: '2', update_cache: true })
    expect(await readFile('/etc/configured.conf', 'utf8')).toBe('a=mine\n')
  })

  test('that something else provides are there', async () => {
    const trial = new Trial('package')
    await trial.converge({ package: ['mailer'] })
    expect(await trial.check({ package: ['mail-server'] })).toEqual({ kind: 'compliant' })
  })

  test('leave nothing behind that nobody needs, when asked', async () => {
    await sh('apt-get -qq -y purge lib')
    const trial = new Trial('package')
    await trial.converge({ package: ['leaf'] })
    await trial.converge({ package: ['leaf'], state: 'absent', post_cleanup: true })
    expect(await installed('lib')).toBe('')
  })

  test('that no repository has are a failure that says what to do; a name is never an option or an operator', async () => {
    const trial = new Trial('package')
    const error = await trial.failure({ package: ['no-such-thing'] })
    expect(error).toMatchObject({ code: 'failed' })
    expect(error.message).toContain("read the indexes with 'update_cache: true'")
    expect((await trial.failure({ package: ['beta'], version: '9' })).code).toBe('failed')
    for (const name of ['-y', 'beta-', 'beta=1.0', 'beta/stable', '../x', 'Beta', '']) {
      await expect(trial.check({ package: [name] })).rejects.toMatchObject({ code: 'failed' })
    }
  })

  test('whose scripts fail are a failure with what they printed, and can be installed once that is mended', async () => {
    const trial = new Trial('package')
    const { code, message } = await trial.failure({ package: ['broken'] })
    expect(code).toBe('failed')
    expect(message).toContain('cannot go on')
    await sh("sed -i 's/exit 1/exit 0/' /var/lib/dpkg/info/broken.postinst")
    expect(await trial.check({ package: ['broken'] })).toMatchObject({ kind: 'different' })
    await trial.converge({ package: ['broken'] })
  })

  test('are blocked while another package manager is at work, after a wait', async () => {
    await writeFile('/run/slow', '')
    const other = started('apt-get', '-y', '-qq', 'install', 'slow')
    try {
      await expect.poll(() => exitCode('pgrep -x slow.postinst'), { timeout: 15_000 }).toBe(0)
      const error = await new Trial('package').failure({ package: ['lib'], timeout: 10 })
      expect(error).toMatchObject({ code: 'blocked' })
      expect(error.message).toContain('another package manager is at work')
    } finally {
      if (other.pid !== undefined) process.kill(-other.pid, 'SIGKILL')
      await sh("pkill -KILL -x 'slow.postinst|sleep|dpkg'; true")
    }
  })

  test('that an agent which was killed left half installed are finished', async () => {
    await expect.poll(() => exitCode('pgrep -x apt-get || pgrep -x dpkg')).toBe(1)
    expect(await installed('slow')).toMatch(/^iF|^iU/)
    await rm('/run/slow', { force: true })
    const trial = new Trial('package')
    expect(await trial.check({ package: ['slow'] })).toMatchObject({ kind: 'different' })
    await trial.converge({ package: ['slow', 'lib'] })
    expect(await installed('slow')).toBe('ii  1')
  })

  test('are blocked by a broken repository', async () => {
    await copyFile('/etc/apt/sources.list', '/tmp/sources')
    try {
      await writeFile('/etc/apt/sources.list', `deb [signed-by=${KEYRING}] copy:/srv/nothing ./\n`)
      const error = await new Trial('package').failure({ package: ['mail-none'], update_cache: true })
      expect(error).toMatchObject({ code: 'blocked' })
      await makeKey('Other <other@example.org>')
      await sh(`gpg --export other@example.org > /etc/apt/keyrings/other.gpg`)
      await writeFile('/etc/apt/sources.list', `deb [signed-by=/etc/apt/keyrings/other.gpg] copy:${REPOSITORY} ./\n`)
      expect(await new Trial('package').failure({ package: ['mail-none'], update_cache: true })).toMatchObject({
        code: 'blocked',
      })
    } finally {
      await copyFile('/tmp/sources', '/etc/apt/sources.list')
      await sh('apt-get -qq update')
    }
  })

  test('two hundred of them, as they should be, take no process at all', async () => {
    const real = realMachine()
    const trial = new Trial('package', real)
    const names = (await sh('grep ^Package: /var/lib/dpkg/status | cut -d" " -f2 | sort -u | head -200')).split('\n')
    await trial.check({ package: ['dpkg'] })
    const began = performance.now()
    for (const name of names) expect(await trial.check({ package: [name] })).toEqual({ kind: 'compliant' })
    process.stderr.write(`${names.length} packages were checked in ${(performance.now() - began).toFixed(0)} ms\n`)
    expect(real.commands).toEqual([])
  })
})

describe('a repository of apt', () => {
  test('is added with its key, which is verified, and gone with it', async () => {
    await sh(`gpg --armor --export '${key}' > /srv/key.asc; rm /etc/apt/sources.list; apt-get -qq update`)
    await using server = await FileServer.on('/srv')
    const trial = new Trial('repository')
    const wanted = { repository: 'local', repo: `deb copy:${REPOSITORY} ./`, key_url: server.url('/key.asc') }
    const { note } = await trial.converge(wanted)
    expect(note).toContain('without encryption')
    await sh('apt-get -qq update && apt-cache madison alpha | grep -q alpha')
    const asked = server.requests
    expect(await trial.check(wanted)).toEqual({ kind: 'compliant' })
    expect(server.requests).toBe(asked)
    await trial.converge({
      ...wanted,
      format: 'deb822',
      key_fingerprint: fingerprint.replaceAll(/(.{4})/g, '$1 ').trim(),
    })
    await sh('apt-get -qq update && apt-cache madison alpha | grep -q alpha')
    expect(await exitCode('test -e /etc/apt/sources.list.d/local.list')).toBe(1)
    await trial.converge({ ...wanted, enabled: false })
    expect(await sh('apt-get -qq update; apt-cache madison alpha')).toBe('')
    await trial.converge({ ...wanted, state: 'absent' })
    expect(await sh('ls /etc/apt/sources.list.d')).toBe('')
    expect(await exitCode('test -e /etc/apt/keyrings/local.gpg')).toBe(1)
  })

  test('whose key is another is refused, and nothing of it is left', async () => {
    await makeKey('Evil <evil@example.org>')
    await sh(`gpg --export evil@example.org > /srv/evil.gpg; gpg --export evil@example.org '${key}' > /srv/both.gpg`)
    await using server = await FileServer.on('/srv')
    const trial = new Trial('repository')
    const wanted = { repository: 'guarded', repo: `deb copy:${REPOSITORY} ./`, key_fingerprint: fingerprint }
    expect(await trial.failure({ ...wanted, key_url: server.url('/evil.gpg') })).toMatchObject({ code: 'unsafe' })
    expect(await trial.failure({ ...wanted, key_url: server.url('/apt/Packages') })).toMatchObject({ code: 'unsafe' })
    expect(await exitCode('ls /etc/apt/sources.list.d/guarded* /etc/apt/keyrings/guarded*')).not.toBe(0)
    await trial.converge({ ...wanted, key_url: server.url('/both.gpg') })
    expect(await sh('gpg --show-keys --with-colons /etc/apt/keyrings/guarded.gpg | grep -c ^pub')).toBe('1')
    await trial.converge({ ...wanted, state: 'absent' })
  })

  test('that was added after the indexes were read is read when one of its packages is asked for', async () => {
    await using server = await FileServer.on('/srv')
    const source = {
      repository: 'late',
      repo: `deb copy:${REPOSITORY} ./`,
      key_url: server.url('/key.asc'),
      key_fingerprint: fingerprint,
    }
    await sh('apt-get -qq update; apt-get -qq -y purge beta')
    await new Trial('repository').converge(source)
    await new Trial('package').converge({ package: ['beta'] })
    await new Trial('repository').converge({ ...source, state: 'absent' })
  })
})

describe('a package file', () => {
  test('is fetched, verified, installed with what it needs, and known afterwards', async () => {
    const path = await buildDeb({ name: 'outside', version: '2.0' }, '/srv/files')
    const sha256 = createHash('sha256')
      .update(await readFile(path))
      .digest('hex')
    await using server = await FileServer.on('/srv/files')
    const trial = new Trial('nonrepo_package')
    const url = server.url('/outside_2.0_all.deb')
    expect(await trial.failure({ url, sha256: '0'.repeat(64) })).toMatchObject({ code: 'unsafe' })
    await trial.converge({ url, sha256, lock_version: true })
    expect(await installed('outside')).toBe('hi  2.0')
    const asked = server.requests
    expect(await trial.check({ url, sha256 })).toEqual({ kind: 'compliant' })
    expect(server.requests).toBe(asked)
    await buildDeb({ name: 'outside', version: '1.0' }, '/srv/files')
    const old = { url: server.url('/outside_1.0_all.deb'), version: '1.0' }
    await expect(trial.check(old)).rejects.toMatchObject({ code: 'failed' })
    expect(await trial.check({ ...old, version: undefined })).toEqual({ kind: 'compliant' })
    await trial.converge({ ...old, allow_downgrade: true, lock_version: true })
    await trial.converge({ package: 'outside', state: 'absent' })
    expect((await stat('/var/lib/vigo/executors/package-files')).mode & 0o777).toBe(0o700)
    expect(await sh('ls -A /var/lib/vigo/executors/package-files')).toBe('')
  })

  test('that is none, or another than the resource says, is a failure', async () => {
    await writeFile('/srv/files/page.deb', '<html>not found</html>')
    await using server = await FileServer.on('/srv/files')
    const trial = new Trial('nonrepo_package')
    expect(await trial.failure({ url: server.url('/page.deb') })).toMatchObject({ code: 'failed' })
    expect(await trial.failure({ url: server.url('/outside_1.0_all.deb'), package: 'other' })).toMatchObject({
      code: 'failed',
    })
    expect(await trial.failure({ url: server.url('/nothing.deb') })).toMatchObject({ code: 'blocked' })
  })
})

test('versions are ordered as dpkg orders them', async () => {
  const versions = [
    '0',
    '1',
    '1~',
    '1~~a',
    '1a',
    '1+',
    '1.0',
    '1.0-1',
    '1.0-1~',
    '1.0-1+b1',
    '01.0',
    '1.9',
    '1.10',
    '1:0',
    '2',
    '1-a-1',
    '1.a',
  ]
  const pairs = versions.flatMap(a => versions.map((b): [string, string] => [a, b]))
  const script = pairs.map(([a, b]) => `dpkg --compare-versions '${a}' lt '${b}' && echo 1 || echo 0`).join('\n')
  const answers = (await sh(script)).split('\n').map(Number)
  expect(pairs.map(([a, b]) => Number(compareDebianVersions(a, b) < 0))).toEqual(answers)
})
