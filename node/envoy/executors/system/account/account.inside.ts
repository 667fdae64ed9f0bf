import { mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { executorCompliance } from '../../executors.compliance.ts'
import { attributesFor } from '../../fixture.ts'
import { exitCode, type RealMachine, realMachine, sh, Trial } from '../fixture.ts'
import { stopping } from '../stopping.ts'
import { groupExecutor } from './group.ts'
import { userExecutor } from './user.ts'

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGyXo4Gq0h8Fq1nVbWQq2YhB6Wl6m3l9tqY0Zs1yqV0W alice@desk'

describe('a user', () => {
  test('is made with everything that is said of it, and found as it should be afterwards', async () => {
    await sh('groupadd writers; groupadd readers')
    const trial = new Trial('user')
    const { changes } = await trial.converge({
      username: 'alice',
      uid: 4001,
      groups: ['writers', 'readers'],
      comment: 'Alice Example',
      home: '/srv/alice',
      shell: '/bin/bash',
      password: 'correct horse',
      password_max_age: 90,
      authorized_keys: [KEY],
      puddle: true,
      curator: true,
    })
    expect(changes[0]).toEqual({ attribute: 'state', from: 'absent', to: 'present' })
    expect(await sh('getent passwd alice')).toBe('alice:x:4001:4001:Alice Example:/srv/alice:/bin/bash')
    expect(await sh('id -nG alice')).toBe('alice writers readers')
    expect(await sh('stat -c "%U %a" /srv/alice/.ssh /srv/alice/.ssh/authorized_keys')).toBe('alice 700\nalice 600')
    expect(await sh('cat /srv/alice/.ssh/authorized_keys')).toContain(KEY)
    expect(await sh('getent shadow alice | cut -d: -f5')).toBe('90')
    expect(JSON.parse(await readFile('/var/lib/vigo/usercrate-policy/alice.json', 'utf8'))).toEqual({
      puddle: true,
      gitback: false,
      curator: true,
      poolq: false,
    })
  })

  test('has its password checked against the salt that it has, and the password is no argument of a program', async () => {
    const trial = new Trial('user')
    await trial.converge({ username: 'bob', password: 'one two three' })
    const hash = await sh('getent shadow bob | cut -d: -f2')
    expect(hash).toMatch(/^\$6\$/)
    const salt = hash.split('$')[2] ?? ''
    expect(await sh(`perl -e 'print crypt("one two three", "\\$6\\$${salt}\\$")'`)).toBe(hash)
    const { changes } = await trial.converge({ username: 'bob', password: 'four five six' })
    expect(changes).toEqual([{ attribute: 'password', from: 'differs', to: 'set' }])
    expect(JSON.stringify(trial.commands)).not.toMatch(/one two three|four five six|\$6\$/)
    await sh('usermod -L bob')
    expect((await trial.check({ username: 'bob', password: 'four five six' })).kind).toBe('different')
  })

  test('is changed where it differs, field by field', async () => {
    await sh('groupadd staff2; useradd -m carol')
    const trial = new Trial('user')
    const wanted = {
      username: 'carol',
      uid: 4100,
      group: 'staff2',
      groups: [],
      comment: 'C',
      home: '/srv/carol',
      shell: '/bin/bash',
    }
    const { changes } = await trial.converge(wanted)
    expect(changes.map(each => each.attribute)).toEqual(['uid', 'group', 'comment', 'shell', 'home'])
    expect(await sh('stat -c %u /srv/carol')).toBe('4100')
    expect(await exitCode('test -e /home/carol')).toBe(1)
    expect((await trial.converge({ username: 'carol', password_max_age: 30 })).changes).toHaveLength(1)
    await trial.converge({ username: 'carol', password_max_age: -1 })
    await rm('/srv/carol', { recursive: true })
    await trial.converge(wanted)
    expect(await sh('stat -c %U /srv/carol/.profile')).toBe('carol')
  })

  test('may have a primary group that is asked for by its number', async () => {
    await new Trial('user').converge({ username: 'numbered', gid: 4321 })
    expect(await sh('getent group 4321 | cut -d: -f1; id -g numbered')).toBe('numbered\n4321')
    expect((await new Trial('user').failure({ username: 'numbered', group: 'root', gid: 5 })).message).toContain(
      'say one of both',
    )
  })

  test('waits for groups and shells that are declared elsewhere: not known in a dry run, failed in a run', async () => {
    const trial = new Trial('user')
    for (const given of [{ groups: ['later'] }, { group: 'later' }, { shell: '/bin/later' }]) {
      expect(await trial.check({ username: 'dora', ...given }, { isDryRun: true })).toMatchObject({ kind: 'unknown' })
      await expect(trial.check({ username: 'dora', ...given })).rejects.toMatchObject({ code: 'failed' })
    }
  })

  test('cannot smuggle a field or an option into the account files', async () => {
    const trial = new Trial('user')
    for (const given of [
      { comment: 'x:0:0' },
      { shell: '/bin/sh\nroot2::0:0' },
      { group: '-g0' },
      { groups: ['-f'] },
      { password: '' },
    ]) {
      await expect(trial.check({ username: 'eve', ...given })).rejects.toMatchObject({ code: 'failed' })
    }
  })

  test('who owns the home cannot make the agent write through a link', async () => {
    await sh('useradd -m mallory; mkdir /srv/target; chmod 700 /srv/target')
    await symlink('/srv/target', '/home/mallory/.ssh')
    await sh('chown -h mallory /home/mallory/.ssh')
    const trial = new Trial('user')
    expect((await trial.failure({ username: 'mallory', authorized_keys: [KEY] })).code).toBe('unsafe')
    await rm('/home/mallory/.ssh')
    await mkdir('/home/mallory/.ssh', { mode: 0o700 })
    await writeFile('/srv/target/shadow', 'secret')
    await symlink('/srv/target/shadow', '/home/mallory/.ssh/authorized_keys')
    await sh('chown -Rh mallory /home/mallory/.ssh')
    await trial.converge({ username: 'mallory', authorized_keys: [KEY] })
    expect(await readFile('/srv/target/shadow', 'utf8')).toBe('secret')
    expect((await stat('/home/mallory/.ssh/authorized_keys')).isFile()).toBe(true)
  })

  test('is removed with its home and its flags; what belongs to others is not', async () => {
    await sh('useradd -m leaver; useradd -M -d /var leaver2; useradd -m stays')
    await new Trial('user').converge({ username: 'leaver', puddle: true })
    await new Trial('user').converge({ username: 'leaver', state: 'absent' })
    expect(
      await exitCode('id leaver || test -e /home/leaver || test -e /var/lib/vigo/usercrate-policy/leaver.json'),
    ).toBe(1)
    await new Trial('user').converge({ username: 'leaver2', state: 'absent' })
    expect(await exitCode('test -d /var/lib')).toBe(0)
    await new Trial('user').converge({ username: 'stays', state: 'absent', manage_home: false })
    expect(await exitCode('test -d /home/stays')).toBe(0)
  })

  test('with uid 0 is never removed', async () => {
    await expect(new Trial('user').check({ username: 'root', state: 'absent' })).rejects.toMatchObject({
      code: 'unsafe',
    })
  })
})

test('a group is made, given a number and members, and removed', async () => {
  await sh('useradd -m m1; useradd -m m2')
  const trial = new Trial('group')
  await trial.converge({ groupname: 'team', gid: 4500, members: ['m1'] })
  expect(await sh('getent group team')).toBe('team:x:4500:m1')
  await trial.converge({ groupname: 'team', gid: 4501, members: ['m2', 'm1'] })
  await trial.converge({ groupname: 'team', members: [] })
  expect(await sh('getent group team')).toBe('team:x:4501:')
  expect(await trial.check({ groupname: 'team', members: ['nobody-yet'] }, { isDryRun: true })).toMatchObject({
    kind: 'unknown',
  })
  await trial.converge({ groupname: 'team', state: 'absent' })
  expect((await trial.failure({ groupname: 'm1', state: 'absent' })).message).toContain('primary group')
  await expect(trial.check({ groupname: 'root', state: 'absent' })).rejects.toMatchObject({ code: 'unsafe' })
})

test('an SSH key is added beside others, changed in place and taken away', async () => {
  await sh('useradd -m sam')
  const trial = new Trial('sshkey')
  await trial.converge({ user: 'sam', key: KEY })
  await sh('echo "# by hand" >> /home/sam/.ssh/authorized_keys')
  await trial.converge({
    user: 'sam',
    key: KEY.split(' ')[1] ?? '',
    key_type: 'ssh-ed25519',
    options: 'from="10.0.0.0/8",no-pty',
  })
  expect(await sh('cat /home/sam/.ssh/authorized_keys')).toBe(`from="10.0.0.0/8",no-pty ${KEY}\n# by hand`)
  expect(await sh('stat -c "%U %a" /home/sam/.ssh/authorized_keys')).toBe('sam 600')
  await trial.converge({ user: 'sam', key: KEY, state: 'absent' })
  expect(await sh('cat /home/sam/.ssh/authorized_keys')).toBe('# by hand')
})

const FILES = ['/etc/passwd', '/etc/shadow', '/etc/group', '/etc/gshadow']

/** The accounts as they were at first. */
async function accounts(): Promise<
  RealMachine & AsyncDisposable & { snapshot: () => Promise<Record<string, string>> }
> {
  const saved = await Promise.all(FILES.map(path => readFile(path)))
  const restore = async () => {
    for (const [at, path] of FILES.entries()) await writeFile(path, saved[at] ?? '')
    await sh('rm -rf /home/tested /var/lib/vigo/usercrate-policy/tested.json')
  }
  const snapshot = async () => ({
    ...Object.fromEntries(await Promise.all(FILES.map(async path => [path, await readFile(path, 'utf8')]))),
    home: await sh(
      'find /home/tested /var/lib/vigo/usercrate-policy -type f -printf "%p %s %T@\n" 2>/dev/null | sort || true',
    ),
  })
  return { ...realMachine(), snapshot, [Symbol.asyncDispose]: restore }
}

executorCompliance(stopping(userExecutor as never), {
  makeMachine: accounts,
  cases: [
    {
      name: 'a user with keys and a password',
      attributes: attributesFor('user', {
        username: 'tested',
        comment: 'Tested',
        password: 'pa55phrase never shown',
        authorized_keys: [KEY],
        puddle: true,
      }),
      starts: {
        'not there': async () => undefined,
        'there and different': async () => void (await sh('useradd -m -c Other tested')),
      },
      secrets: ['pa55phrase never shown'],
    },
    {
      name: 'a user that is to go',
      attributes: attributesFor('user', { username: 'tested', state: 'absent' }),
      starts: { there: async () => void (await sh('useradd -m tested')) },
    },
  ],
})

executorCompliance(stopping(groupExecutor as never), {
  makeMachine: accounts,
  cases: [
    {
      name: 'a group with a member',
      attributes: attributesFor('group', { groupname: 'tested', gid: 4700, members: ['daemon'] }),
      starts: {
        'not there': async () => undefined,
        'there with others': async () => void (await sh('groupadd tested; gpasswd -M bin,sys tested')),
      },
    },
  ],
})
