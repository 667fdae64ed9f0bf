import { execFileSync } from 'node:child_process'
import { chmod, chown, cp, lstat, readdir, symlink, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { executorCompliance } from '../executors.compliance.ts'
import { applyTo, attributesFor, isRoot, makeSandbox, runOptions, type Sandbox } from '../fixture.ts'
import { gitExecutor } from './git.ts'
import { headOf, refsAskedFor, remoteOf } from './git-remote.ts'

const APP = '/opt/app'
const clone = (given: object = {}) => attributesFor('git', { path: APP, repo: '/srv/origin', ...given })

const git = (box: Sandbox, path: string, ...args: string[]): string =>
  execFileSync(
    'git',
    ['-c', 'user.name=t', '-c', 'user.email=t@example.com', '-c', 'init.defaultBranch=main', ...args],
    {
      cwd: join(box.root, path),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  ).trim()

async function commit(box: Sandbox, text: string, path = '/srv/origin', file = 'file'): Promise<string> {
  await box.put(`${path}/${file}`, text)
  git(box, path, 'add', '.')
  git(box, path, 'commit', '-q', '-m', text)
  return git(box, path, 'rev-parse', 'HEAD')
}

let template: Sandbox

beforeAll(async () => {
  template = await makeSandbox()
  await template.folder('/srv/origin')
  git(template, '/srv/origin', 'init', '-q')
  await commit(template, 'one')
})

afterAll(async () => {
  await template[Symbol.asyncDispose]()
})

async function sandbox(): Promise<Sandbox> {
  const box = await makeSandbox()
  await cp(join(template.root, 'srv'), join(box.root, 'srv'), { recursive: true })
  return box
}

executorCompliance(gitExecutor, {
  makeMachine: sandbox,
  moments: 5,
  cases: [
    {
      name: 'a clone',
      attributes: clone({ branch: 'main', force: true }),
      starts: {
        'where nothing is': box => box.folder('/opt'),
        'that is behind and was changed': async box => {
          await applyTo(box, gitExecutor, clone())
          await commit(box, 'two')
          await box.put(`${APP}/file`, 'changed')
        },
      },
      path: APP,
    },
    {
      name: 'no clone',
      attributes: clone({ state: 'absent' }),
      starts: { 'where one is': async box => void (await applyTo(box, gitExecutor, clone())) },
      path: APP,
    },
  ],
})

const head = (box: Sandbox) => git(box, APP, 'rev-parse', 'HEAD')
const check = (box: Sandbox, given: object = {}) => gitExecutor.check(clone(given), box.machine, runOptions())

describe('a clone', () => {
  test('follows its branch, shallow or not', async () => {
    for (const depth of [undefined, 1]) {
      await using box = await sandbox()
      const repo = `file://${box.root}/srv/origin`
      await applyTo(box, gitExecutor, clone({ depth, repo }))
      const next = await commit(box, 'two')
      await commit(box, 'three')
      const newest = await commit(box, 'four')
      const { changes } = await applyTo(box, gitExecutor, clone({ depth, repo }))
      expect(changes).toEqual([{ attribute: 'commit', from: expect.any(String), to: newest.slice(0, 12) }])
      expect([head(box), next === newest]).toEqual([newest, false])
      expect(git(box, APP, 'branch', '--show-current')).toBe('main')
    }
  })

  test('is at a branch or tag, also an annotated one', async () => {
    await using box = await sandbox()
    const first = git(box, '/srv/origin', 'rev-parse', 'HEAD')
    git(box, '/srv/origin', 'tag', '-a', 'v1', '-m', 'v1')
    git(box, '/srv/origin', 'checkout', '-q', '-b', 'next')
    const second = await commit(box, 'two')
    await applyTo(box, gitExecutor, clone({ branch: 'v1' }))
    expect(head(box)).toBe(first)
    await applyTo(box, gitExecutor, clone({ branch: 'next' }))
    expect(head(box)).toBe(second)
    await expect(check(box, { branch: 'no-such' })).rejects.toThrow("has no branch or tag 'no-such'")
  })

  test('keeps local work that would be lost, unless it is forced', async () => {
    await using box = await sandbox()
    await applyTo(box, gitExecutor, clone())
    await box.put(`${APP}/file`, 'mine')
    expect(await check(box)).toEqual({ kind: 'compliant' })
    const newest = await commit(box, 'two')
    await expect(applyTo(box, gitExecutor, clone())).rejects.toThrow('git checkout ended with exit code 1')
    expect(await box.read(`${APP}/file`)).toBe('mine')
    await commit(box, 'mine too', APP)
    await expect(applyTo(box, gitExecutor, clone())).rejects.toThrow("'force: true' throw them away")
    await applyTo(box, gitExecutor, clone({ force: true }))
    expect([head(box), await box.read(`${APP}/file`)]).toEqual([newest, 'two'])
  })

  test('is put right where its files were changed, when it is forced', async () => {
    await using box = await sandbox()
    await applyTo(box, gitExecutor, clone())
    await box.put(`${APP}/file`, 'mine')
    const { changes } = await applyTo(box, gitExecutor, clone({ force: true }))
    expect(changes).toEqual([{ attribute: 'files', from: 'changed', to: '' }])
    expect(await box.read(`${APP}/file`)).toBe('one')
  })

  test('moves to another source', async () => {
    await using box = await sandbox()
    await applyTo(box, gitExecutor, clone())
    git(box, '/srv', 'clone', '-q', 'origin', 'other')
    const { changes } = await applyTo(box, gitExecutor, clone({ repo: '/srv/other' }))
    expect(changes).toEqual([
      { attribute: 'repo', from: join(box.root, 'srv/origin'), to: join(box.root, 'srv/other') },
    ])
  })

  test('runs no hooks, of templates or its own', async () => {
    await using box = await sandbox()
    await applyTo(box, gitExecutor, clone())
    expect(await readdir(join(box.root, APP, '.git'))).not.toContain('hooks')
    for (const hook of ['post-checkout', 'reference-transaction']) {
      await box.put(`${APP}/.git/hooks/${hook}`, `#!/bin/sh\ntouch ${box.root}/hooked\n`, 0o755)
    }
    await commit(box, 'two')
    await applyTo(box, gitExecutor, clone())
    expect(await readdir(box.root)).not.toContain('hooked')
  })

  test.each(['ext::sh -c touch% /tmp/no', 'fd::3'])('does not come from %s', async repo => {
    await using box = await sandbox()
    await expect(check(box, { repo })).rejects.toMatchObject({ code: 'blocked' })
  })

  test('does not go where other things are, and does not remove them', async () => {
    await using box = await sandbox()
    await box.put(`${APP}/precious`, 'x')
    await expect(check(box)).rejects.toThrow('is a directory with other things than a clone')
    await expect(check(box, { state: 'absent' })).rejects.toMatchObject({ code: 'unsafe' })
    expect(await check(box, { state: 'absent', path: '/opt/no' })).toEqual({ kind: 'compliant' })
  })

  test('gets over locks that a killed git left long ago', async () => {
    await using box = await sandbox()
    await applyTo(box, gitExecutor, clone())
    await commit(box, 'two')
    const lock = join(box.root, APP, '.git/index.lock')
    await writeFile(lock, '')
    await expect(applyTo(box, gitExecutor, clone())).rejects.toThrow('index.lock')
    await utimes(lock, 1, 1)
    await applyTo(box, gitExecutor, clone())
    expect(await check(box)).toEqual({ kind: 'compliant' })
  })

  test.runIf(isRoot)('of somebody is only touched as that user', async () => {
    await using box = await sandbox()
    await chmod(box.root, 0o755)
    const repo = `file://${box.root}/srv/origin`
    execFileSync('chown', ['-R', '54321', join(box.root, 'srv/origin')])
    const mine = clone({ owner: '54321', group: '54321', repo })
    await applyTo(box, gitExecutor, mine)
    expect(await lstat(join(box.root, APP, '.git/HEAD'))).toMatchObject({ uid: 54321, gid: 54321 })
    const config = `[core]\n\tfsmonitor = "touch ${box.root}/hooked; id -u > ${box.root}/opt/app/who"\n`
    await writeFile(join(box.root, APP, '.git/config'), config, { flag: 'a' })
    await chown(join(box.root, APP, '.git/config'), 54321, 54321)
    expect(await gitExecutor.check(mine, box.machine, runOptions())).toEqual({ kind: 'compliant' })
    expect(await readdir(box.root)).not.toContain('hooked')
    const users = box.commands.filter(([program]) => program === 'git')
    expect(users.length).toBeGreaterThan(0)
  })

  test.runIf(isRoot)('of root is not made where somebody else could replace it', async () => {
    await using box = await sandbox()
    await box.folder('/home/dan/apps')
    await chown(join(box.root, 'home/dan'), 54321, 54321)
    const theirs = clone({ path: '/home/dan/apps/app' })
    await expect(applyTo(box, gitExecutor, theirs)).rejects.toMatchObject({ code: 'unsafe' })
  })

  test('does not show user and password of its source', async () => {
    await using box = await sandbox()
    const seen: (string | undefined)[] = []
    const server = createServer(({ headers }, response) => {
      seen.push(headers.authorization)
      response.writeHead(404).end()
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    try {
      const { port } = server.address() as AddressInfo
      const asking = check(box, { repo: `http://dan:hunter2@127.0.0.1:${port}/app.git` })
      await expect(asking).rejects.toMatchObject({ code: 'blocked' })
      await expect(asking).rejects.not.toThrow('hunter2')
      expect(seen).toContain(`Basic ${Buffer.from('dan:hunter2').toString('base64')}`)
      expect(JSON.stringify(box.commands)).not.toContain('hunter2')
    } finally {
      server.close()
    }
  })

  test('with a directory that is a link to nowhere is not made there', async () => {
    await using box = await sandbox()
    await box.folder('/opt')
    await symlink('/etc', join(box.root, APP))
    await expect(check(box)).rejects.toMatchObject({ code: 'failed' })
  })
})

describe('the answer of a remote', () => {
  const [a, b, c] = ['a', 'b', 'c'].map(digit => digit.repeat(40)) as [string, string, string]

  test('tells the head of the default branch, a branch before a tag, and the commit of a tag', () => {
    expect(headOf(`ref: refs/heads/trunk\tHEAD\n${a}\tHEAD\n`, undefined)).toMatchObject({ branch: 'trunk', commit: a })
    expect(headOf(`${a}\tHEAD\n`, undefined)).toMatchObject({ branch: null, commit: a })
    expect(headOf(`${a}\trefs/heads/x\n${b}\trefs/tags/x\n`, 'x')).toMatchObject({ branch: 'x', commit: a })
    expect(headOf(`${b}\trefs/tags/x\n${c}\trefs/tags/x^{}\n`, 'x')).toMatchObject({ branch: null, commit: c })
    expect(headOf('rubbish\n', 'x')).toBeNull()
  })

  test.each(['-x', '--upload-pack=x', 'a b', 'a..b', 'a:b', '', 'x\n', 'a*'])(
    'is not asked for the branch %j',
    branch => {
      expect(() => refsAskedFor(branch)).toThrow('is no name of a branch or tag')
    },
  )

  test.each([
    ['git@example.com:a/b.git', 'git@example.com:a/b.git'],
    ['https://example.com/a.git', 'https://example.com/a.git'],
    ['https://u:p@example.com/a.git', 'https://example.com/a.git'],
    ['https://token@example.com:8443/a.git', 'https://example.com:8443/a.git'],
  ])('comes from %s', (repo, url) => {
    expect(remoteOf(repo)).toMatchObject({
      url,
      settings: repo === url || repo.startsWith('git@') ? [] : [expect.any(Array)],
    })
  })
})
