import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { selectTargets } from './target.ts'

const FLEET = [
  { hostname: 'web1.example.com', peer: `aaaaaaaa${'0'.repeat(56)}` },
  { hostname: 'web2.example.com', peer: `aaaaaaab${'0'.repeat(56)}` },
  { hostname: 'db1.example.com', peer: `bbbbbbbb${'0'.repeat(56)}` },
  { hostname: 'db2.example.com', peer: `cccccccc${'0'.repeat(56)}` },
  { hostname: 'new.example.com', peer: `dddddddd${'0'.repeat(56)}` },
]
const TRAITS: Readonly<Record<string, object>> = {
  web1: { os: { family: 'debian', version: '24.04' }, roles: ['web', 'edge'], cpus: 4 },
  web2: { os: { family: 'alpine', version: '3.20' }, roles: ['web'], cpus: 2 },
  db1: { os: { family: 'debian', version: '22.04' }, roles: ['db'], cpus: 4, virtual: true },
  db2: { os: { family: 'debian' }, roles: [], cpus: 4 },
}

async function traitsOf(peer: string): Promise<Record<string, unknown> | null> {
  const name = FLEET.find(host => host.peer === peer)?.hostname.split('.')[0] ?? ''
  return (TRAITS[name] as Record<string, unknown> | undefined) ?? null
}

async function select(target: string): Promise<string> {
  const hosts = await selectTargets(target, FLEET, traitsOf)
  return hosts.map(({ hostname }) => hostname.split('.')[0]).join(' ')
}

describe('a target', () => {
  test.each([
    ['web1.example.com', 'web1'],
    ['WEB1.example.com', 'web1'],
    ['web*', 'web1 web2'],
    ['*', 'db1 db2 new web1 web2'],
    ['web1.example.com, db1.example.com', 'db1 web1'],
    ['{web1,db1}.example.com', 'db1 web1'],
    [FLEET[2]!.peer, 'db1'],
    ['bbbbbbbb', 'db1'],
    ['os.family=debian', 'db1 db2 web1'],
    ['os.version=2*', 'db1 web1'],
    ['os.version=2*.0*', 'db1 web1'],
    ['roles=web', 'web1 web2'],
    ['cpus=4', 'db1 db2 web1'],
    ['virtual=true', 'db1'],
    ['web*,roles=db', 'db1 web1 web2'],
    ['*,-web*', 'db1 db2 new'],
    ['-web*', 'db1 db2 new'],
    ['-web*,*', 'db1 db2 new'],
    ['web*,-web1.example.com,web1.example.com', 'web2'],
    ['-bbbbbbbb,-web*', 'db2 new'],
    ['*,-os.family=alpine', 'db1 db2 web1'],
  ])('%s means %s', async (target, hosts) => {
    expect(await select(target)).toBe(hosts)
  })

  test('excludes by traits also what nothing is known of', async () => {
    expect(await select('new*')).toBe('new')
    await expect(select('new*,-roles=db')).rejects.toMatchObject({ code: 'no-hosts' })
  })

  test.each([
    '',
    ' ',
    ',',
    'web1.example.com,',
    'web*,,db*',
    '-',
    'a b',
    '=x',
    'os.family=',
    'x'.repeat(70_000),
    'a;rm',
  ])('%j means nobody and is refused', async target => {
    await expect(select(target)).rejects.toMatchObject({ code: 'bad-request' })
  })

  test.each([
    'web9.example.com',
    'nope*',
    '-*',
    'os.family=plan9',
    'eeeeeeee',
    '*,-web9.example.com',
    'os.constructor=x',
    '__proto__=x',
  ])('%s is told to select nobody, or to name nobody', async target => {
    await expect(select(target)).rejects.toMatchObject({ code: 'no-hosts' })
  })

  test('that begins several keys is told so', async () => {
    const twins = ['1', '2'].map(digit => ({ hostname: `h${digit}`, peer: `aaaaaaaa${digit.repeat(56)}` }))
    await expect(selectTargets('aaaaaaaa', twins, traitsOf)).rejects.toThrow('several public keys begin with aaaaaaaa')
  })

  test('never has what it excludes, in whatever order it is said', async () => {
    const term = fc.constantFrom('*', 'web*', 'db1.example.com', 'os.family=debian', 'roles=web', 'bbbbbbbb')
    await fc.assert(
      fc.asyncProperty(
        fc.array(term, { minLength: 1, maxLength: 4 }),
        fc.array(term, { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        async (wanted, excluded, exclusionsFirst) => {
          const minus = excluded.map(text => `-${text}`)
          const names = await select((exclusionsFirst ? [...minus, ...wanted] : [...wanted, ...minus]).join(',')).catch(
            () => '',
          )
          for (const text of excluded) {
            const forbidden = (await select(text)).split(' ')
            expect(names.split(' ').filter(name => forbidden.includes(name))).toEqual([])
          }
          const allowed = new Set((await select(wanted.join(','))).split(' '))
          expect(names.split(' ').filter(name => name !== '' && !allowed.has(name))).toEqual([])
        },
      ),
    )
  })
})
