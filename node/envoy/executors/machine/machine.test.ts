import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { makeSandbox } from '../fixture.ts'
import { createAccounts } from './accounts.ts'

const options = { signal: new AbortController().signal }

describe('a path of the configuration', () => {
  test.each([
    ['/etc/motd', '/etc/motd'],
    ['/../../etc/./motd', '/etc/motd'],
    ['//etc//motd/', '/etc/motd'],
    ['/', '/'],
    ['/etc/..%2f..', '/etc/..%2f..'],
  ])('%s stays below the root', async (path, below) => {
    await using box = await makeSandbox()
    expect(box.machine.path(path)).toBe(join(box.root, below))
  })

  test.each(['etc/motd', '', '../x', '/etc/mo\0td'])('%j is none', async path => {
    await using box = await makeSandbox()
    expect(() => box.machine.path(path)).toThrow('is no absolute path')
  })
})

describe('accounts', () => {
  const accounts = async (root: string) => {
    const passwd = join(root, 'passwd')
    const group = join(root, 'group')
    await writeFile(
      passwd,
      'root:x:0:0::/root:/bin/sh\n# comment\n1002:x:7:8::/h:/bin/sh\nbroken\ntwin:x:0:0::/:/bin/sh\n',
    )
    await writeFile(group, 'root:x:0:\nadm:x:4:dan\n')
    const asked: string[] = []
    const ask = (database: string, key: string) => {
      asked.push(`${database} ${key}`)
      return Promise.resolve(key === 'ldap' ? 'ldap:x:5000:5001::/home/ldap:/bin/sh\n' : null)
    }
    return { passwd, asked, found: createAccounts({ passwd, group, ask, canImpersonate: true }) }
  }

  test('are found by name, then by number, and by the name service last', async () => {
    await using box = await makeSandbox()
    const { found, asked } = await accounts(box.root)
    expect(await found.user('root', options)).toMatchObject({ uid: 0 })
    expect(await found.user('1002', options)).toMatchObject({ uid: 7, gid: 8, home: '/h' })
    expect(await found.user('7', options)).toMatchObject({ name: '1002' })
    expect(asked).toEqual([])
    expect(await found.user('ldap', options)).toMatchObject({ uid: 5000, gid: 5001 })
    expect(await found.user('4000', options)).toMatchObject({ uid: 4000, gid: 4000 })
    expect(await found.group('adm', options)).toEqual({ name: 'adm', gid: 4 })
    expect(await found.group('12', options)).toEqual({ name: '12', gid: 12 })
    expect([await found.user('nobody-at-all', options), await found.group('no', options)]).toEqual([null, null])
    expect([await found.userName(0), await found.groupName(4), await found.userName(99)]).toEqual(['root', 'adm', '99'])
  })

  test('are read again when they change', async () => {
    await using box = await makeSandbox()
    const { found, passwd } = await accounts(box.root)
    expect(await found.user('new', options)).toBeNull()
    await writeFile(passwd, 'new:x:12:12::/:/bin/sh\n')
    expect(await found.user('new', options)).toMatchObject({ uid: 12 })
  })

  test.each(['4294967295', '99999999999', '-1', '1e3'])('have no number %s', async name => {
    await using box = await makeSandbox()
    expect(await (await accounts(box.root)).found.user(name, options)).toBeNull()
  })
})
