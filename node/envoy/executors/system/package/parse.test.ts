import { describe, expect, test } from 'vitest'
import * as apk from './apk.ts'
import { parseDpkgStatus } from './apt/dpkg-status.ts'
import { parseSimulation, parseUpgradable } from './apt/parse.ts'
import { compareDebianVersions } from './apt/version-order.ts'
import { formOf } from './package-file.ts'
import { parseIgnored, parseLocal, parseQueryUpgrades } from './pacman.ts'
import { parseLocks, parseQuery } from './rpm/dnf.ts'
import { parseRpmList } from './rpm/rpm-database.ts'
import { isEvr } from './rpm/version-order.ts'
import { parseUpdates, parseZypperLocks } from './rpm/zypper.ts'

/* Recorded from the programs themselves, shortened; apk's from its documented formats. */

describe('apt', () => {
  const status = `Package: libc6
Status: install ok installed
Architecture: amd64
Multi-Arch: same
Version: 2.36-9+deb12u14
Provides: libc6-2.36, libdl (= 1)
Description: GNU C Library
 Version: not this one

Package: libc6
Status: deinstall ok config-files
Architecture: i386
Version: 2.31

Package: vim
Status: hold ok installed
Architecture: amd64
Version: 2:9.0

Package: half
Status: install reinstreq half-installed
Architecture: all
Version: 1

Package: gone
Status: purge ok not-installed
Architecture: all
`
  test("dpkg's status tells what is installed, held, half there and provided", async () => {
    const inventory = parseDpkgStatus(status)
    expect(inventory.get('libc6')).toEqual({ versions: ['2.36-9+deb12u14'], state: 'installed', isHeld: false })
    expect(inventory.get('libc6:i386')?.state).toBe('configured-rest')
    expect(inventory.get('vim')).toEqual({ versions: ['2:9.0'], state: 'installed', isHeld: true })
    expect(inventory.get('half')?.state).toBe('broken')
    expect(inventory.get('gone')).toBeUndefined()
    expect([await inventory.provides('libdl'), await inventory.provides('vim-tiny')]).toEqual([true, false])
  })

  test('upgrades are read from lists and simulations', () => {
    const list =
      'Listing...\nalpha/unknown 1.2 all [upgradable from: 1.1]\ncurl/stable,stable-security 7.88.1-10+deb12u15 amd64 [upgradable from: 7.88.1-10]\n'
    expect([...parseUpgradable(list)].slice(0, 3)).toEqual([
      ['alpha', '1.2'],
      ['alpha:all', '1.2'],
      ['curl', '7.88.1-10+deb12u15'],
    ])
    const simulation =
      'NOTE: simulation\nInst alpha [1.1] (1.2 localhost [all])\nInst new (3 Debian:12 [amd64])\nConf alpha (1.2 localhost [all])\n'
    expect(parseSimulation(simulation)).toEqual([
      { name: 'alpha', from: '1.1', to: '1.2' },
      { name: 'new', from: 'absent', to: '3' },
    ])
  })

  test('versions are ordered as the policy of Debian says', () => {
    const ascending = [
      '0~~',
      '0~',
      '0',
      '0a',
      '0+b',
      '0.1',
      '1.0~rc1',
      '1.0',
      '1.0-0.1',
      '1.0-1~bpo1',
      '1.0-1',
      '1.0-1+b1',
      '1.0.1',
      '1.2',
      '1.10',
      '1:0.1',
      '2:0',
    ]
    for (const [i, a] of ascending.entries()) {
      for (const [j, b] of ascending.entries())
        expect(Math.sign(compareDebianVersions(a, b)), `${a} ${b}`).toBe(Math.sign(i - j))
    }
    expect(compareDebianVersions('1.0', '0:1.0')).toBe(0)
    expect(compareDebianVersions('1.000', '1.0')).toBe(0)
  })
})

test("rpm's list has every version of a name, oldest first", () => {
  const versions = parseRpmList(
    'kernel\t0:6.2-1\tx86_64\nkernel\t0:6.10-1\tx86_64\nkernel\t0:6.9-1\tx86_64\nvim\t2:9.0-1\tx86_64\n\n',
  )
  expect(versions.get('kernel')).toEqual(['6.2-1', '6.9-1', '6.10-1'])
  expect(versions.get('vim.x86_64')).toEqual(['2:9.0-1'])
})

test('an rpm version may be asked for with or without epoch and release', () => {
  expect(['9.0', '9.0-1', '2:9.0', '2:9.0-1'].every(wanted => isEvr(wanted, '2:9.0-1'))).toBe(true)
  expect(['9', '9.0-2', '1:9.0', '9.0.1'].some(wanted => isEvr(wanted, '2:9.0-1'))).toBe(false)
})

test('dnf, zypper and pacman tell upgrades and locks', () => {
  expect(
    parseQuery('alpha\t0:1.1-1\nalpha\t0:1.2-1\n\nvim\t2:9.1-1\n', name => (name === 'alpha' ? '1.0-1' : undefined)),
  ).toEqual([
    { name: 'alpha', from: '1.0-1', to: '1.2-1' },
    { name: 'vim', from: 'absent', to: '2:9.1-1' },
  ])
  expect(parseLocks('# Added lock on Sat\nalpha-0:1.0-1.*\n!beta-0:1-1.*\nsome-long-name-1:2.0-3.fc40.*\n')).toEqual([
    'alpha',
    'some-long-name',
  ])
  const xml =
    '<update kind="package" name="alpha" edition="1.2-1" arch="noarch" edition-old="1.1-1"><summary>test</summary></update>'
  expect(parseUpdates(xml)).toEqual([{ name: 'alpha', from: '1.1-1', to: '1.2-1' }])
  expect(parseZypperLocks('\ntype: package\nmatch_type: glob\ncase_sensitive: on\nsolvable_name: alpha\n')).toEqual([
    'alpha',
  ])
  expect(parseQueryUpgrades('alpha 1.0-1 -> 1.1-1\nbeta 1-1 -> 2-1 [ignored]\n')).toHaveLength(2)
  expect([...parseLocal(['alpha-1.0-1', 'gcc-libs-13.2-3', 'ALPM_DB_VERSION'])]).toEqual([
    ['alpha', '1.0-1'],
    ['gcc-libs', '13.2-3'],
  ])
  expect([...parseIgnored('#IgnorePkg = x\nIgnorePkg   = a b\n')]).toEqual(['a', 'b'])
})

test('apk tells what is installed, pinned and newer', () => {
  const { versions, provided } = apk.parseInstalled(
    'C:Q1abc\nP:busybox\nV:1.36.1-r2\np:/bin/sh cmd:busybox=1.36.1-r2\n\nP:musl\nV:1.2.4-r2\n',
  )
  expect([...versions]).toEqual([
    ['busybox', '1.36.1-r2'],
    ['musl', '1.2.4-r2'],
  ])
  expect(provided.has('cmd:busybox')).toBe(true)
  expect([...apk.parsePins('busybox\nnginx=1.24.0-r1\nx>1\n')]).toEqual([['nginx', '1.24.0-r1']])
  expect(
    apk.parseUpgradable('busybox-1.36.1-r5 x86_64 {busybox} (GPL-2.0-only) [upgradable from: busybox-1.36.1-r2]\n'),
  ).toEqual([{ name: 'busybox', from: '1.36.1-r2', to: '1.36.1-r5' }])
})

test('package files are known by their first bytes', () => {
  expect(formOf(Buffer.from('!<arch>\ndebian-binary   1'))).toBe('deb')
  expect(formOf(Buffer.of(0xed, 0xab, 0xee, 0xdb, 3))).toBe('rpm')
  expect(formOf(Buffer.from('xar!'))).toBe('macOS')
  expect(formOf(Buffer.from('!<arch>\nother'))).toBeNull()
  expect(formOf(Buffer.alloc(0))).toBeNull()
})
