import fc from 'fast-check'
import { expect, test } from 'vitest'
import { editFstab, type FstabEntry, fstabEntry, isSameEntry } from './fstab.ts'
import { isMountOf, parseMountinfo } from './mounted.ts'

const FSTAB = `# /etc/fstab
UUID=1234 /               ext4    errors=remount-ro 0       1

//server/share\t/mnt/my\\040share cifs credentials=/etc/x,uid=1000
/dev/sdb1 /data/ xfs defaults 0 2 # not a comment for mount(8)
none swap swap sw 0 0
`

const entry = (given: Partial<FstabEntry> = {}): FstabEntry => ({
  device: 'tmpfs',
  path: '/srv/x',
  fstype: 'tmpfs',
  options: 'defaults',
  dump: 0,
  pass: 0,
  ...given,
})

test('an entry is found by its mount point, however it is written', () => {
  expect(fstabEntry(FSTAB, '/mnt/my share')).toMatchObject({ device: '//server/share', dump: 0 })
  expect(fstabEntry(FSTAB, '/data')).toMatchObject({ fstype: 'xfs', pass: 2 })
  expect(fstabEntry(FSTAB, '/nowhere')).toBeNull()
})

test('an entry is put in its place, and all other lines stay byte for byte', () => {
  expect(editFstab(FSTAB, '/srv/x', entry())).toBe(`${FSTAB}tmpfs\t/srv/x\ttmpfs\tdefaults\t0\t0\n`)
  const twice = `${FSTAB}/dev/sdc1 /data ext4 defaults 0 0\n`
  expect(editFstab(twice, '/data', null)).toBe(FSTAB.replace(/^\/dev\/sdb1.*\n/m, ''))
  expect(editFstab('a /b ext4', '/srv/x', entry())).toBe('a /b ext4\ntmpfs\t/srv/x\ttmpfs\tdefaults\t0\t0\n')
})

test('what was put in is found, nothing else changes, and putting it in again changes nothing', () => {
  const word = fc.stringMatching(/^[!-"$-~]{1,12}$/)
  const line = fc.oneof(
    fc.constant(''),
    fc.stringMatching(/^#[ -~]{0,20}$/),
    fc.tuple(word, word).map(([a, b]) => `${a} /other/${b} ext4 ro`),
  )
  const name = fc.string({ minLength: 1, maxLength: 12 }).filter(text => !/[\n\r\0/]|[^\x20-\x7e\t]/.test(text))
  fc.assert(
    fc.property(fc.array(line), name, word, (lines, part, device) => {
      const text = lines.length === 0 ? '' : `${lines.join('\n')}\n`
      const wanted = entry({ path: `/mnt/${part}`, device })
      const edited = editFstab(text, wanted.path, wanted)
      expect(edited.startsWith(text)).toBe(true)
      const found = fstabEntry(edited, wanted.path)
      expect(found !== null && isSameEntry(found, wanted)).toBe(true)
      expect(editFstab(edited, wanted.path, wanted)).toBe(edited)
      expect(editFstab(edited, wanted.path, null)).toBe(text)
    }),
  )
})

const MOUNTINFO = `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 22 0:35 / /mnt/my\\040share rw shared:2 master:1 - tmpfs first rw
41 22 0:36 / /mnt/my\\040share rw - nfs4 server:/export/ rw
`

test('of several file systems on one mount point the uppermost counts', () => {
  expect(parseMountinfo(MOUNTINFO, '/mnt/my share')).toEqual({ fstype: 'nfs4', source: 'server:/export/' })
  expect(parseMountinfo(MOUNTINFO, '/mnt')).toBeNull()
})

test('what is mounted is compared as far as it can be', async () => {
  const is = { fstype: 'nfs4', source: 'server:/export/' }
  expect(await isMountOf(entry({ device: 'server:/export', fstype: 'nfs' }), is)).toBe(true)
  expect(await isMountOf(entry({ device: 'server:/other', fstype: 'nfs' }), is)).toBe(false)
  expect(
    await isMountOf(entry({ device: 'UUID=no-such-disk', fstype: 'auto' }), { fstype: 'ext4', source: '/dev/x' }),
  ).toBe(true)
  expect(await isMountOf(entry({ fstype: 'ext4', device: '/dev/x' }), { fstype: 'xfs', source: '/dev/x' })).toBe(false)
  expect(
    await isMountOf(entry({ device: '/data', fstype: 'none', options: 'bind' }), { fstype: 'ext4', source: '/dev/x' }),
  ).toBe(true)
})
