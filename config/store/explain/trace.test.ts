import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { DEBIAN, storeOf } from '../fixture.ts'
import { containers, fleet } from '../seeds.ts'
import { renderTrace, trace } from './index.ts'

describe('a trace', () => {
  test('says why a host has its crates', () => {
    expect(`\n${renderTrace(trace(storeOf(fleet), 'web1.a.example.com', { traits: DEBIAN }))}`).toMatchInlineSnapshot(`
      "
      web1.a.example.com
        matched by 'web*.a.example.com' in customerA/envoys.vgo:2:12, the first entry that matches
          not by '*' in envoys.vgo:2:12, which comes later
        environment production, from environments.vgo:2:3 and customerA/environments.vgo:2:3

      configcrate base (configcrates/base.vgo:1:7)
        because of entry 'web*.a.example.com' > role 'web-server' > configcrate 'web', in configcrates/web.vgo:2:14
      configcrate web (configcrates/web.vgo:1:7)
        because of entry 'web*.a.example.com' > role 'web-server', in roles/web.vgo:2:16
      not applied: debug: the environment's 'exclude_configcrates' names it (environments.vgo:4:28)
      "
    `)
  })

  test('says of every value of a crate where it comes from, what it beats, and why, as the page shows it', () => {
    const page = readFileSync(new URL('../../../docs/language/resolution.md', import.meta.url), 'utf8')
    const [, example] = /```\n(web1[^`]+)```/.exec(page) ?? []
    expect(renderTrace(trace(storeOf(fleet), 'web1.a.example.com', { traits: DEBIAN, crate: 'web' }))).toBe(example)
  })

  test('may be asked for one attribute or one variable', () => {
    const store = storeOf(fleet)
    const one = (attribute: string) =>
      trace(store, 'web1.a.example.com', { traits: DEBIAN, crate: 'web', attribute }).crates[0]
    expect(one('mode')?.resources.map(({ attributes }) => attributes.map(({ name, value }) => [name, value]))).toEqual([
      [['mode', '"0640"']],
    ])
    expect(one('workers')?.variables.map(({ name, value, losers }) => [name, value, losers.length])).toEqual([
      ['workers', '16', 3],
    ])
    expect(one('config/group')?.resources.map(({ id }) => id)).toEqual(['web/config'])
  })

  test('says what is not there, and what was probably meant', () => {
    const store = storeOf(fleet)
    const note = (crate: string, attribute?: string) =>
      trace(store, 'web1.a.example.com', { traits: DEBIAN, crate, attribute }).note
    expect(note('wev')).toBe("there is no crate 'wev'; did you mean 'web'?")
    expect(note('debug')).toBe("nothing gives the crate 'debug' to this host; it has base, web")
    expect(note('web', 'contnt')).toBe(
      "no resource of 'web' has the attribute 'contnt', and it reads no variable of that name; did you mean 'content'?",
    )
    expect(renderTrace(trace(storeOf(containers), 'nobody'))).toContain("no entry of 'envoys:' matches this name")
  })

  test('without traits decides nothing, and says so', () => {
    const text = renderTrace(trace(storeOf(fleet), 'web1.a.example.com', { crate: 'web' }))
    expect(text).toContain('traits are not known here')
    expect(text).toContain("as long as the agent finds: os_family('debian')")
  })

  test('says which error keeps the host from getting a bundle', () => {
    const broken = storeOf({
      ...fleet,
      'configcrates/debug.vgo':
        'name: debug\nresources:\n  - { name: a, type: file, target_path: /a, content: "{{ .Vars.nothing }}", owner: a, group: a, mode: "0600" }\n',
    })
    expect(renderTrace(trace(broken, 'other', { traits: DEBIAN }))).toContain(
      "'.Vars.nothing' is not set [missing-variable]",
    )
  })

  test('never shows what is secret', () => {
    const secretive = storeOf({
      'configcrates/users.vgo': `name: users
vars: { initial: hunter2, api_token: t0ken, reference: "secret:vigo/users/ann" }
resources:
  - { name: ann, type: user, username: ann, password: "{{ .Vars.initial }}" }
  - { name: bob, type: user, username: bob, password: hunter2 }
  - { name: cid, type: user, username: cid, password: "{{ .Vars.reference }}", comment: "{{ len .Vars.api_token }}" }
`,
      'envoys.vgo': 'envoys:\n  - match: "*"\n    configcrates: [users]\n',
    })
    const traced = trace(secretive, 'host', { traits: DEBIAN, crate: 'users' })
    for (const text of [renderTrace(traced), JSON.stringify(traced)]) {
      expect(text).not.toContain('hunter2')
      expect(text).not.toContain('t0ken')
      expect(text).toContain('secret:vigo/users/ann')
    }
  })
})
