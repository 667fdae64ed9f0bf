import { describe, expect, test } from 'vitest'
import { DEBIAN, type Files, storeOf } from '../fixture.ts'
import { containers } from '../seeds.ts'
import { renderTrace, trace } from './index.ts'

/** Tenants as folders, tiers as environments, functions as roles. */
const fleet: Files = {
  'configcrates/base.vgo':
    'name: base\nvars: { ntp: pool.ntp.org }\nresources:\n  - { name: ntp, type: file, target_path: /etc/ntp.conf, content: "server {{ .Vars.ntp }}", owner: root, group: root, mode: "0644" }\n',
  'configcrates/web.vgo': `name: web
depends_on: [base]
vars: { workers: 2, port: 80 }
defaults: { owner: www, mode: "0600" }
resources:
  - name: config
    type: file
    target_path: /etc/web.conf
    content: "{{ .Vars.workers }} workers on {{ .Vars.port }}, time from {{ .Vars.ntp }}"
    group: www
    mode: "0640"
  - name: debian-only
    type: exec
    command: "true"
    unless: "false"
    when: os_family('debian')
`,
  'configcrates/debug.vgo': 'name: debug\n',
  'roles/web.vgo': 'name: web-server\nconfigcrates: [web]\n',
  'common.vgo': 'configcrates: [debug]\nvars: { ntp: ntp.example.com }\n',
  'environments.vgo': 'env:\n  production:\n    vars: { workers: 8 }\n    exclude_configcrates: [debug]\n',
  'customerA/common.vgo': 'vars: { ntp: ntp.customer-a.example.com }\n',
  'customerA/environments.vgo': 'env:\n  production:\n    vars: { workers: 16 }\n',
  'customerA/envoys.vgo':
    'envoys:\n  - match: "web*.a.example.com"\n    environment: production\n    roles: [web-server]\n    vars: { workers: 4, port: 8080 }\n',
  'envoys.vgo': 'envoys:\n  - match: "*"\n    configcrates: [base]\n',
}

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

  test('says of every value of a crate where it comes from, what it beats, and why', () => {
    expect(
      `\n${renderTrace(trace(storeOf(fleet), 'web1.a.example.com', { traits: DEBIAN, crate: 'web' }))}`,
    ).toMatchInlineSnapshot(`
      "
      web1.a.example.com
        matched by 'web*.a.example.com' in customerA/envoys.vgo:2:12, the first entry that matches
          not by '*' in envoys.vgo:2:12, which comes later
        environment production, from environments.vgo:2:3 and customerA/environments.vgo:2:3

      configcrate web (configcrates/web.vgo:1:7)
        because of entry 'web*.a.example.com' > role 'web-server', in roles/web.vgo:2:16

        variables
          ntp = "ntp.customer-a.example.com"
            from common.vgo of customerA/, customerA/common.vgo:1:9
            not "ntp.example.com" from common.vgo of the top folder, common.vgo:2:9: a deeper folder beats one above it
            not "pool.ntp.org" from default of configcrate 'base', which 'web' depends on, configcrates/base.vgo:2:9: common.vgo beats a default of a crate that it depends on
          port = 8080
            from entry 'web*.a.example.com', customerA/envoys.vgo:5:25
            not 80 from default of configcrate 'web', configcrates/web.vgo:3:21: the entry that matches the host beats the crate's own default
          workers = 16
            from environment 'production' of customerA/, customerA/environments.vgo:3:13
            not 8 from environment 'production' of the top folder, environments.vgo:3:13: a deeper folder beats one above it
            not 4 from entry 'web*.a.example.com', customerA/envoys.vgo:5:13: an environment beats the entry that matches the host
            not 2 from default of configcrate 'web', configcrates/web.vgo:3:9: an environment beats the crate's own default

        file web/config (configcrates/web.vgo:6:5)
          content = "16 workers on 8080, time from ntp.customer-a.example.com"
            from the resource, configcrates/web.vgo:9:5
            written as {{ .Vars.workers }} workers on {{ .Vars.port }}, time from {{ .Vars.ntp }}
            with the variables workers, port, ntp
          group = "www"
            from the resource, configcrates/web.vgo:10:5
            not "root" from default of the type file: what is written beats the default of the type
          mode = "0640"
            from the resource, configcrates/web.vgo:11:5
            not 0600 from 'defaults:' of the crate, configcrates/web.vgo:4:25: what the resource says itself beats the defaults of its crate
            not "0644" from default of the type file: what is written beats the default of the type
          owner = "www"
            from 'defaults:' of the crate, configcrates/web.vgo:4:13
            not "root" from default of the type file: what is written beats the default of the type
          state = "present"
            from default of the type file
          target_path = "/etc/web.conf"
            from the resource, configcrates/web.vgo:8:5

        exec web/debian-only (configcrates/web.vgo:12:5)
          background = false
            from default of the type exec
          command = "true"
            from the resource, configcrates/web.vgo:14:5
          cwd = "/"
            from default of the type exec
          logoutput = true
            from default of the type exec
          nice = 0
            from default of the type exec
          returns = "0"
            from default of the type exec
          timeout = 300
            from default of the type exec
          unless = "false"
            from the resource, configcrates/web.vgo:15:5
          user = "root"
            from default of the type exec
      "
    `)
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
