import { expect, test } from 'vitest'
import { parseGroup, parsePasswd, parseShadow } from './databases.ts'

test('account files are read; the first line of a name counts, and what is no entry is passed over', () => {
  const users = parsePasswd(
    'root:x:0:0:root:/root:\n# x:y:z\n+::::::\nbad\nalice:x:1000:1000:A B,,,:/home/alice:/bin/zsh\nalice:x:0:0::/:/bin/sh\n',
  )
  expect([...users.keys()]).toEqual(['root', 'alice'])
  expect(users.get('root')?.shell).toBe('/bin/sh')
  expect(users.get('alice')).toEqual({
    name: 'alice',
    uid: 1000,
    gid: 1000,
    comment: 'A B,,,',
    home: '/home/alice',
    shell: '/bin/zsh',
  })
  expect(parseGroup('adm:x:4:syslog,,alice\n').get('adm')?.members).toEqual(['syslog', 'alice'])
  const shadow = parseShadow('a:$6$x:1:0:99999:7:::\nb:!:1:0:90:7:::\nc:*:1::::::\n')
  expect(['a', 'b', 'c'].map(name => shadow.get(name)?.maxAgeDays)).toEqual([-1, 90, -1])
})
