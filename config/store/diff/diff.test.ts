import { describe, expect, test } from 'vitest'
import { DEBIAN, type Files, storeOf } from '../fixture.ts'
import { sampleHost, sampleTree } from '../sample/index.ts'
import { containers } from '../seeds.ts'
import { loadConfig, ReadCache } from '../tree/index.ts'
import { diffEntries, diffReleases, renderReleaseDiff } from './index.ts'

const changed = (path: string, from: string, to: string): Files => ({
  ...containers,
  [path]: (containers[path] ?? '').replace(from, to),
})
const hosts = ['a', 'b', 'c'].map(name => ({ host: `${name}.app.example.com`, traits: DEBIAN }))

describe('the difference of two releases', () => {
  test('is nothing where no host does anything else', () => {
    const after = storeOf(changed('envoys/envoys.vgo', 'envoys:', '# hello\nenvoys:'))
    expect(renderReleaseDiff(diffReleases(storeOf(containers), after, hosts))).toBe('3 hosts do not change\n')
  })

  test('is told once for all hosts that it is the same for', () => {
    const after = storeOf({
      ...changed('configcrates/redis.vgo', 'redis_port: "6379"', 'redis_port: "6380"'),
      'configcrates/extra.vgo':
        'name: extra\nresources:\n  - { name: x, type: directory, target_path: /x, owner: root, group: root, mode: "0755" }\n',
      'envoys/first.vgo': 'envoys:\n  - match: "zzz"\n',
      'a/envoys.vgo':
        'envoys:\n  - match: "c.app.example.com"\n    configcrates: [extra]\n  - match: "new"\n    configcrates: [extra]\n',
    })
    expect(
      `\n${renderReleaseDiff(diffReleases(storeOf(containers), after, [...hosts, { host: 'new', traits: DEBIAN }]))}`,
    ).toMatchInlineSnapshot(`
      "
      2 hosts: a.app.example.com, b.app.example.com
        ~ container redis/redis-container
            ports: ["6379:6379"] → ["6380:6379"]
        ~ container app-stack/app-container
            env: {"DATABASE_URL":"secret:vigo/webapp/database_url","REDIS_URL":"redis://localhost:6379"} → {"DATABASE_URL":"secret:vigo/webapp/database_url","REDIS_URL":"redis://localhost:6380"}

      1 host: c.app.example.com
        - container redis/redis-container
        - container app-stack/app-container
        + directory extra/x
        ~ environment
        ~ crates

      1 host: new
        + an entry matches the host now; it gets 1 resources

      0 hosts do not change
      "
    `)
  })

  test('of hosts that nobody knows is that of one name for each entry', () => {
    const after = storeOf(changed('envoys/envoys.vgo', '512mb', '1gb'))
    expect(diffEntries(storeOf(containers), after).groups.map(group => group.hosts)).toEqual([['host.app.example.com']])
  })

  test('names hosts that cannot be compiled', () => {
    const after = storeOf(changed('configcrates/redis.vgo', '  redis_port: "6379"\n', ''))
    const { failed, groups } = diffReleases(storeOf(containers), after, hosts.slice(0, 1))
    expect(groups).toEqual([])
    expect(failed.map(({ host, in: release, diagnostics }) => [host, release, diagnostics[0]?.code])).toEqual([
      ['a.app.example.com', 'after', 'missing-variable'],
    ])
  })

  test('does not show passwords that change', () => {
    const users = (password: string): Files => ({
      'configcrates/users.vgo': `name: users\nresources:\n  - { name: ann, type: user, username: ann, password: ${password} }\n`,
      'envoys.vgo': 'envoys:\n  - match: "*"\n    configcrates: [users]\n',
    })
    const text = renderReleaseDiff(diffEntries(storeOf(users('first-one')), storeOf(users('second-one'))))
    expect(text).toContain('password: "(hidden)" → "(hidden)"')
    expect(text).not.toContain('-one')
  })

  test('is the same whether the two share what they read or not', () => {
    const files = sampleTree({ configcrates: 20, resources: 100, entries: 20 })
    const edited = files.map(file =>
      file.path.endsWith('crate-3.vgo') ? { ...file, text: file.text.replace('0.0.0.0', '127.0.0.1') } : file,
    )
    const fleet = Array.from({ length: 40 }, (_, at) => sampleHost(at % 20, at))
    const cache = new ReadCache()
    const shared = diffReleases(loadConfig(files, { cache }), loadConfig(edited, { cache }), fleet)
    const apart = diffReleases(loadConfig(files), loadConfig(edited.map(file => ({ ...file }))), fleet)
    expect(renderReleaseDiff(shared)).toBe(renderReleaseDiff(apart))
    expect(shared.groups.length).toBeGreaterThan(0)
    expect(shared.unchanged).toBeGreaterThan(0)
  })
})
