import { appendFile, open, readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { executorCompliance } from '../../executors.compliance.ts'
import { attributesFor } from '../../fixture.ts'
import { exitCode, type RealMachine, realMachine, sh, Trial } from '../fixture.ts'
import { stopping } from '../stopping.ts'
import { mountExecutor } from './mount.ts'

const TMPFS = { device: 'tmpfs', fstype: 'tmpfs' }

test('a file system is mounted, remounted with other options, left in fstab only, and gone', async () => {
  await appendFile('/etc/fstab', '# by hand\nproc /proc proc defaults 0 0')
  const trial = new Trial('mount')
  const wanted = { path: '/srv/with space', ...TMPFS, options: 'size=1m,mode=0755' }
  expect((await trial.converge(wanted)).changes.map(each => each.attribute)).toEqual(['fstab', 'mounted'])
  expect(await sh("findmnt -no SIZE '/srv/with space'")).toBe('1M')
  expect(
    (await trial.converge({ ...wanted, options: 'size=2m,mode=0755' })).changes.map(each => each.attribute),
  ).toEqual(['fstab', 'options'])
  expect(await sh("findmnt -no SIZE '/srv/with space'")).toBe('2M')
  await trial.converge({ path: wanted.path, state: 'unmounted' })
  expect(await readFile('/etc/fstab', 'utf8')).toContain('/srv/with\\040space')
  expect(await trial.check({ ...wanted, state: 'present', options: 'size=2m,mode=0755' })).toEqual({
    kind: 'compliant',
  })
  await trial.converge({ ...wanted, state: 'present', options: 'size=3m', pass: 2 })
  await trial.converge({ path: wanted.path, state: 'absent' })
  expect(await readFile('/etc/fstab', 'utf8')).toMatch(/# by hand\nproc \/proc proc defaults 0 0$/m)
})

test('another file system in its place is replaced, and one that is in use is not torn away', async () => {
  const trial = new Trial('mount')
  await sh('mkdir -p /srv/other; mount -t tmpfs other /srv/other')
  await trial.converge({ path: '/srv/other', ...TMPFS })
  expect(await sh('findmnt -no SOURCE /srv/other')).toBe('tmpfs')
  const inUse = await open('/srv/other/file', 'w')
  try {
    expect(await trial.failure({ path: '/srv/other', state: 'unmounted' })).toMatchObject({ code: 'blocked' })
  } finally {
    await inUse.close()
  }
  await trial.converge({ path: '/srv/other', state: 'absent' })
})

test('what cannot be mounted is a failure with what mount says, and the root is never unmounted', async () => {
  const trial = new Trial('mount')
  expect((await trial.failure({ path: '/srv/bad', device: '/dev/nothing', fstype: 'ext4' })).message).toContain(
    '/dev/nothing',
  )
  await trial.converge({ path: '/srv/bad', state: 'absent' })
  await expect(trial.check({ path: '/', state: 'unmounted' })).rejects.toMatchObject({ code: 'unsafe' })
  await expect(trial.check({ path: '/x', device: 'a\nb', fstype: 'ext4' })).rejects.toMatchObject({ code: 'failed' })
})

async function mounts(): Promise<RealMachine & AsyncDisposable & { snapshot: () => Promise<Record<string, string>> }> {
  const snapshot = async () => ({
    fstab: await sh('cat /etc/fstab; stat -c "%y %i" /etc/fstab'),
    mounts: await sh('findmnt -rno TARGET,SOURCE,OPTIONS | grep tested || true'),
  })
  const restore = async () => {
    await sh(
      'umount /srv/tested 2>/dev/null || true; rmdir /srv/tested 2>/dev/null || true; sed -i /tested/d /etc/fstab',
    )
    expect(await exitCode('findmnt /srv/tested')).toBe(1)
  }
  return { ...realMachine(), snapshot, [Symbol.asyncDispose]: restore }
}

executorCompliance(stopping(mountExecutor as never), {
  makeMachine: mounts,
  cases: [
    {
      name: 'a mount',
      attributes: attributesFor('mount', { path: '/srv/tested', ...TMPFS, options: 'size=1m' }),
      starts: {
        'in fstab only, otherwise': async () => void (await sh('echo "other /srv/tested tmpfs ro 0 0" >> /etc/fstab')),
      },
    },
  ],
})
