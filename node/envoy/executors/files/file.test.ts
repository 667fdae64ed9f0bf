import { chmod, chown, link, lstat, mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { executorCompliance } from '../executors.compliance.ts'
import { applyTo, attributesFor, isRoot, makeSandbox, runOptions, type Sandbox } from '../fixture.ts'
import { fileExecutor } from './file.ts'

type Given = Partial<Parameters<typeof fileExecutor.check>[0]>

const MOTD = '/etc/motd'
const fileWith = (given: Given) => attributesFor('file', { target_path: MOTD, content: 'welcome\n', ...given })

executorCompliance(fileExecutor, {
  makeMachine: makeSandbox,
  cases: [
    {
      name: 'a file with contents',
      attributes: fileWith({ mode: '0640', content: 'password: hunter2\n' }),
      starts: {
        'where there is none': box => box.folder('/etc'),
        'where there is another one': box => box.put(MOTD, 'old\n'),
        'where it may be read by all': box => box.put(MOTD, 'password: hunter2\n', 0o644),
        'where there is a link': async box => {
          await box.folder('/etc')
          await symlink('elsewhere', join(box.root, MOTD))
        },
      },
      secrets: ['hunter2'],
      path: MOTD,
    },
    {
      name: 'a file with a check and a backup',
      attributes: fileWith({ validate: 'grep -q welcome % && ! grep -q hunter3 %', backup: '.orig' }),
      starts: { 'where there is another one': box => box.put(MOTD, 'old\n') },
      secrets: ['hunter3'],
      path: MOTD,
    },
    {
      name: 'a file that sed edits',
      attributes: fileWith({ baseindent: 2, stream_edit: ['s/welcome/hunter2/', 's/$/!/'] }),
      starts: { 'where there is none': box => box.folder('/etc') },
      secrets: ['hunter2'],
      path: MOTD,
    },
    {
      name: 'no file',
      attributes: fileWith({ state: 'absent' }),
      starts: { 'where there is one': box => box.put(MOTD, 'old\n') },
      path: MOTD,
    },
    ...(isRoot
      ? [
          {
            name: 'a file of somebody else',
            attributes: fileWith({ owner: 'daemon', group: 'bin', mode: '4755' }),
            starts: {
              'where it belongs to root': (box: Sandbox) => box.put(MOTD, 'welcome\n'),
              'where there is none': (box: Sandbox) => box.folder('/etc'),
            },
            path: MOTD,
          },
        ]
      : []),
  ],
})

const applied = (box: Sandbox, given: Given) => applyTo(box, fileExecutor, fileWith(given))

const refused = (box: Sandbox, given: Given, options = runOptions()) =>
  fileExecutor.check(fileWith(given), box.machine, options)

describe('a file', () => {
  test('is told with what differs and a unified diff', async () => {
    await using box = await makeSandbox()
    await box.put(MOTD, 'hello\nworld\n', 0o600)
    const hidden = await fileExecutor.check(fileWith({}), box.machine, runOptions())
    expect(hidden).toEqual({
      kind: 'different',
      changes: [
        { attribute: 'contents', from: '12 bytes', to: '8 bytes' },
        { attribute: 'mode', from: '0600', to: '0644' },
      ],
    })
    await chmod(join(box.root, MOTD), 0o644)
    expect(await fileExecutor.check(fileWith({}), box.machine, runOptions())).toMatchObject({
      diff: '--- a/etc/motd\n+++ b/etc/motd\n@@ -1,2 +1 @@\n-hello\n-world\n+welcome\n',
    })
  })

  test('of bytes or of great length has no diff', async () => {
    await using box = await makeSandbox()
    await box.put(MOTD, Buffer.from([0xff, 0xfe, 0]))
    expect(await fileExecutor.check(fileWith({}), box.machine, runOptions())).not.toHaveProperty('diff')
    await box.put(MOTD, 'x'.repeat(300_000))
    expect(await fileExecutor.check(fileWith({}), box.machine, runOptions())).not.toHaveProperty('diff')
  })

  test('in a directory that does not exist is unknown in a dry run, and fails otherwise', async () => {
    await using box = await makeSandbox()
    expect(await refused(box, {}, runOptions({ isDryRun: true }))).toEqual({
      kind: 'unknown',
      reason: 'the directory /etc does not exist; declare it as a resource that this one depends on',
    })
    await expect(refused(box, {})).rejects.toMatchObject({ code: 'failed' })
  })

  test.runIf(isRoot)('of a user who does not exist is unknown in a dry run, and fails otherwise', async () => {
    await using box = await makeSandbox()
    await box.folder('/etc')
    expect(await refused(box, { owner: 'no-such-user' }, runOptions({ isDryRun: true }))).toMatchObject({
      kind: 'unknown',
    })
    await expect(refused(box, { group: 'no-such-group' })).rejects.toThrow("no group 'no-such-group'")
  })

  test('replaces a link and never writes to what it points to', async () => {
    await using box = await makeSandbox()
    await box.put('/etc/victim', 'precious\n')
    await symlink('victim', join(box.root, MOTD))
    await applied(box, {})
    expect([await box.read('/etc/victim'), await box.read(MOTD)]).toEqual(['precious\n', 'welcome\n'])
  })

  test('is refused where a directory is', async () => {
    await using box = await makeSandbox()
    await box.folder(MOTD)
    await expect(refused(box, {})).rejects.toThrow('/etc/motd is a directory, not a file; remove it first')
    await expect(refused(box, { state: 'absent' })).rejects.toThrow("declare it as one with 'state: absent'")
  })

  test('that fails its check is not written', async () => {
    await using box = await makeSandbox()
    await box.put(MOTD, 'old\n')
    const writing = applied(box, { validate: 'echo "% is bad" >&2; exit 3' })
    await expect(writing).rejects.toMatchObject({ code: 'unsafe' })
    await expect(writing).rejects.toThrow(
      "/etc/motd was not changed: its 'validate' command ended with exit code 3: /etc/motd is bad",
    )
    expect(await box.read(MOTD)).toBe('old\n')
    expect(await readdir(join(box.root, 'etc'))).toEqual(['motd'])
  })

  test.each([
    ['true', /^motd\.\d{9,}\.bak$/],
    ['.orig', /^motd\.orig$/],
    ['old', /^motd\.old$/],
    ['false', /^none$/],
  ])('keeps the old one with backup %s', async (backup, name) => {
    await using box = await makeSandbox()
    await box.put(MOTD, 'old\n', 0o600)
    await applied(box, { backup, mode: '0600' })
    const [kept = 'none'] = (await readdir(join(box.root, 'etc'))).filter(entry => entry !== 'motd')
    expect(kept).toMatch(name)
    if (backup === 'false') return
    expect(await box.read(`/etc/${kept}`)).toBe('old\n')
    expect((await lstat(join(box.root, 'etc', kept))).mode & 0o777).toBe(0o600)
  })

  test('whose mode alone differs stays the same file, and is not kept', async () => {
    await using box = await makeSandbox()
    await box.put(MOTD, 'welcome\n', 0o600)
    const { ino } = await lstat(join(box.root, MOTD))
    await applied(box, { backup: 'true' })
    expect(await lstat(join(box.root, MOTD))).toMatchObject({ ino, mode: 0o100644 })
    expect(await readdir(join(box.root, 'etc'))).toEqual(['motd'])
  })

  test.runIf(isRoot)('that somebody linked to a file of the system does not give it away', async () => {
    await using box = await makeSandbox()
    await box.put('/etc/shadow', 'welcome\n', 0o600)
    await mkdir(join(box.root, 'home'))
    await chown(join(box.root, 'home'), 4321, 4321)
    await link(join(box.root, 'etc/shadow'), join(box.root, 'home/profile'))
    await applied(box, { target_path: '/home/profile', owner: '4321', group: '4321' })
    expect(await lstat(join(box.root, 'etc/shadow'))).toMatchObject({ uid: 0, mode: 0o100600 })
    expect(await lstat(join(box.root, 'home/profile'))).toMatchObject({ uid: 4321, mode: 0o100644 })
  })

  test('is cleared of what killed agents left beside it', async () => {
    await using box = await makeSandbox()
    await box.put(MOTD, 'old\n')
    await box.put('/etc/.vigo-4194303999-0123456789ab.tmp', 'half')
    await applied(box, {})
    expect(await readdir(join(box.root, 'etc'))).toEqual(['motd'])
  })

  test('has the contents of a path of the machine, through links of root', async () => {
    await using box = await makeSandbox()
    await box.put('/usr/share/motd.real', 'from there\n')
    await box.folder('/etc')
    await symlink('motd.real', join(box.root, 'usr/share/motd'))
    await applied(box, { content: undefined, source: '/usr/share/motd' })
    expect(await box.read(MOTD)).toBe('from there\n')
    expect(await refused(box, { content: undefined, source: '/no' }, runOptions({ isDryRun: true }))).toMatchObject({
      kind: 'unknown',
    })
  })

  test('has the contents of a URL', async () => {
    await using box = await makeSandbox()
    await box.folder('/etc')
    const server = createServer((request, response) => {
      response.statusCode = request.url === '/motd' ? 200 : 404
      response.end('from afar\n')
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    try {
      const { port } = server.address() as AddressInfo
      await applied(box, { content: undefined, source: `http://127.0.0.1:${port}/motd` })
      expect(await box.read(MOTD)).toBe('from afar\n')
      expect(await readdir(join(box.machine.stateFolder, 'downloads'))).toEqual([])
      const missing = refused(box, { content: undefined, source: `http://127.0.0.1:${port}/no?key=hunter2` })
      await expect(missing).rejects.toMatchObject({ code: 'blocked' })
      await expect(missing).rejects.toThrow(`http://127.0.0.1:${port}/no answered 404`)
    } finally {
      server.close()
    }
  })

  test('that says nothing of contents is edited as it is', async () => {
    await using box = await makeSandbox()
    await box.put(MOTD, 'port 22\nlisten all\n')
    await applied(box, { content: undefined, stream_edit: ['s/^port .*/port 2222/'] })
    expect(await box.read(MOTD)).toBe('port 2222\nlisten all\n')
  })

  test('is not edited by commands that run programs', async () => {
    await using box = await makeSandbox()
    await box.put(MOTD, 'x\n')
    await expect(refused(box, { stream_edit: [`w ${box.root}/etc/written`] })).rejects.toMatchObject({ code: 'failed' })
    expect(await readdir(join(box.root, 'etc'))).toEqual(['motd'])
  })

  test('has spaces before each line that is not empty', async () => {
    await using box = await makeSandbox()
    await box.folder('/etc')
    await applied(box, { content: 'a:\n\n  b\n', baseindent: 4 })
    expect(await box.read(MOTD)).toBe('    a:\n\n      b\n')
  })

  test('gets its SELinux context before it is in place, and keeps the one it had', async () => {
    await using box = await makeSandbox()
    await writeFile(join(box.root, 'chcon'), `#!/bin/sh\necho "$1" >> ${box.root}/labels\n`, { mode: 0o755 })
    await writeFile(join(box.root, 'stat'), '#!/bin/sh\necho old_t\n', { mode: 0o755 })
    await using labelled = await makeSandbox({ searchPath: `${box.root}:/usr/bin:/bin` })
    await labelled.put('/sys/fs/selinux/enforce', '1')
    await labelled.put(MOTD, 'welcome\n')
    const found = await applied(labelled, { secontext: 'new_t' })
    expect(found.changes).toEqual([{ attribute: 'secontext', from: 'old_t', to: 'new_t' }])
    expect(await box.read('/labels')).toBe('new_t\n')
    await applied(labelled, { content: 'other\n' })
    expect(await box.read('/labels')).toMatch(/^new_t\n--reference=.*motd\n$/)
  })
})
