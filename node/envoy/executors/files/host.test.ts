import { describe, expect, test } from 'vitest'
import { executorCompliance } from '../executors.compliance.ts'
import { attributesFor, editedText, makeSandbox } from '../fixture.ts'
import { hostExecutor } from './host.ts'

const host = (given: object = {}) => attributesFor('host', { hostname: 'db1', ip: '10.0.0.7', ...given })

executorCompliance(hostExecutor, {
  makeMachine: makeSandbox,
  cases: [
    {
      name: 'an entry',
      attributes: host({ aliases: ['db1.example'] }),
      starts: {
        'where there is no file': box => box.folder('/etc'),
        'where it has another address': box => box.put('/etc/hosts', '127.0.0.1 localhost\n10.0.0.5 db1\n'),
      },
      path: '/etc/hosts',
    },
  ],
})

describe('a host', () => {
  test.each<[string, object, string, string | null]>([
    ['is added', {}, '127.0.0.1 localhost\n', '127.0.0.1 localhost\n10.0.0.7\tdb1\n'],
    ['that is there stays as it is written', {}, '10.0.0.7   db1\n', null],
    ['gets another address and keeps its names', {}, '10.0.0.5 db1 old # main\n', '10.0.0.7\tdb1 old # main\n'],
    ['has exactly the names that are given', { aliases: ['x'] }, '10.0.0.7 db1 old\n', '10.0.0.7\tdb1 x\n'],
    ['has a comment', { comment: 'main' }, '10.0.0.7 db1\n', '10.0.0.7\tdb1 # main\n'],
    ['is not found under another address any more', {}, '10.0.0.1 web db1\n', '10.0.0.1\tweb\n10.0.0.7\tdb1\n'],
    ['is there once', {}, '10.0.0.7 db1\n10.0.0.8 db1\n', '10.0.0.7 db1\n'],
    ['leaves its IPv6 address alone', {}, '::1 db1\n', '::1 db1\n10.0.0.7\tdb1\n'],
    ['goes', { state: 'absent', ip: undefined }, '10.0.0.7 db1\n10.0.0.1 web db1\n', '10.0.0.1 web db1\n'],
    ['in a comment is none', {}, '# 10.0.0.7 db1\n', '# 10.0.0.7 db1\n10.0.0.7\tdb1\n'],
  ])('%s', async (_, attributes, before, after) => {
    expect(await editedText(hostExecutor, host(attributes), before, '/etc/hosts')).toBe(after)
  })

  test('with a name that is none is refused', async () => {
    await expect(editedText(hostExecutor, host({ aliases: ['a b'] }), '', '/etc/hosts')).rejects.toThrow(
      "'a b' is no host name",
    )
  })
})
