import { describe, expect, test } from 'vitest'
import { complaintsAbout, declared, valuesOf, variablesOf } from '../fixture.ts'

describe('roles', () => {
  test.each([
    ['roles/web.vgo', 'configcrates: [nginx]\n'],
    ['roles/any.vgo', 'name: web\nconfigcrates: nginx\n'],
    ['roles.vgo', 'name: web\nconfigcrates: [nginx]\n'],
    ['roles.vgo', 'roles:\n  - name: web\n    configcrates: [nginx]\n'],
    ['roles.vgo', 'roles:\n  web: [nginx]\n'],
    ['roles.vgo', 'roles:\n  web:\n    configcrates: [nginx]\n'],
    ['customerA/roles.vgo', 'roles: [{role: web, configcrates: [nginx]}]\n'],
  ])('are read from %s: %j', (path, text) => {
    const { roles } = declared(path, text)
    expect(roles.map(({ name, configcrates }) => [name.value, valuesOf(configcrates)])).toEqual([['web', ['nginx']]])
  })

  test('have groups for some machines, and other roles', () => {
    const text = `name: web
includes: [base]
usercrates: [ops]
case:
  - when: is_container
    configcrates: [light]
`
    const [role] = declared('roles/web.vgo', text).roles
    expect(role && [valuesOf(role.includes), valuesOf(role.usercrates)]).toEqual([['base'], ['ops']])
    expect(role?.cases.map(({ when, configcrates }) => [when.value, valuesOf(configcrates)])).toEqual([
      ['is_container', ['light']],
    ])
    const [other] = declared('roles/web.vgo', 'name: web\ncase:\n  debian: [apt]\n  redhat: dnf\n').roles
    expect(other?.cases.map(({ when, configcrates }) => [when.value, valuesOf(configcrates)])).toEqual([
      ["os_family('debian')", ['apt']],
      ["os_family('redhat')", ['dnf']],
    ])
  })

  test('are told what is wrong', () => {
    expect(
      complaintsAbout('roles: [web, {name: db, configcrate: [x]}, {name: db}]\n', 'roles.vgo'),
    ).toMatchInlineSnapshot(`
      "
      roles.vgo:1:9: error: a role must be a map with 'name' and 'configcrates', not text [wrong-kind]
        1 | roles: [web, {name: db, configcrate: [x]}, {name: db}]
          |         ^^^
        write '- name: <role>' and 'configcrates: [<configcrate>]' below it
      roles.vgo:1:25: error: 'configcrate' is not a key of a role [unknown-key]
        1 | roles: [web, {name: db, configcrate: [x]}, {name: db}]
          |                         ^^^^^^^^^^^
        did you mean 'configcrates'?
      roles.vgo:1:51: error: there are two roles called 'db' in this file [duplicate-name]
        1 | roles: [web, {name: db, configcrate: [x]}, {name: db}]
          |                                                   ^^
        join them, or rename one
        roles.vgo:1:21: the first is here
      "
    `)
    expect(complaintsAbout('name: web\nincludes: [web]\n', 'roles/web.vgo')).toContain("the role 'web' includes itself")
    expect(complaintsAbout('configcrates: [nginx]\n', 'roles.vgo')).toContain("a role needs 'name'")
  })
})

describe('envoys', () => {
  test('are read from any file', () => {
    const text = `envoys:
  - match: "*.example.com"
    environment: production
    roles: web
    usercrates: [dan]
    vars: {a: 1}
  - match: db{1,2}.lan
    configcrates: [pg]
`
    const { envoys } = declared('customerA/web/web.vgo', text)
    expect(valuesOf(envoys.map(({ match }) => match))).toEqual(['*.example.com', 'db{1,2}.lan'])
    expect(
      envoys[0] && [
        envoys[0].environment?.value,
        valuesOf(envoys[0].roles),
        valuesOf(envoys[0].usercrates),
        variablesOf(envoys[0].vars),
      ],
    ).toEqual(['production', ['web'], ['dan'], { a: 1 }])
  })

  test('are told what is wrong', () => {
    const text = `envoys:
  - match: "*.example.com"
    role: [web]
  - configcrates: [motd, motd]
  - match: "web 1"
  - match: "*a*b*c*d*e*f*g*h*i*"
  - match: "[ab"
  - web1
`
    expect(complaintsAbout(text, 'envoys.vgo')).toMatchInlineSnapshot(`
      "
      envoys.vgo:3:5: error: 'role' is not a key of an entry of envoys [unknown-key]
        3 |     role: [web]
          |     ^^^^
        did you mean 'roles'?
      envoys.vgo:4:5: error: an entry of envoys needs 'match' [missing-key]
        4 |   - configcrates: [motd, motd]
          |     ^^^^^^^^^^^^
        add 'match: …'
      envoys.vgo:4:26: warning: 'motd' stands twice in 'configcrates' [duplicate-name]
        4 |   - configcrates: [motd, motd]
          |                          ^^^^
        take one away
        envoys.vgo:4:20: it stands here first
      envoys.vgo:5:12: error: 'web 1' is not a host pattern [host-pattern]
        5 |   - match: "web 1"
          |            ^^^^^^^
        write letters, digits, dots and dashes, and '*' for any text: '*.app.example.com'
      envoys.vgo:6:12: error: a host pattern has at most 8 wildcards [host-pattern]
        6 |   - match: "*a*b*c*d*e*f*g*h*i*"
          |            ^^^^^^^^^^^^^^^^^^^^^
        shorten it
      envoys.vgo:7:12: error: a bracket of the host pattern is never closed [host-pattern]
        7 |   - match: "[ab"
          |            ^^^^^
        close it, or take it away
      envoys.vgo:8:5: error: an item of 'envoys' must be a map, not text [wrong-kind]
        8 |   - web1
          |     ^^^^
        write '- <key>: <value>'
      "
    `)
    expect(complaintsAbout('envoy: []\n', 'envoys.vgo')).toMatchInlineSnapshot(`
      "
      envoys.vgo:1:1: error: 'envoy' is not a key of envoys.vgo [unknown-key]
        1 | envoy: []
          | ^^^^^
        did you mean 'envoys'?
      "
    `)
  })
})

describe('what a folder shares', () => {
  test('is read from common.vgo', () => {
    const { common } = declared(
      'customerA/common.vgo',
      'roles: [base]\nconfigcrates: motd\nusercrates: []\nvars: {dns: [a]}\n',
    )
    expect(common && [valuesOf(common.roles), valuesOf(common.configcrates), variablesOf(common.vars)]).toEqual([
      ['base'],
      ['motd'],
      { dns: ['a'] },
    ])
    expect(complaintsAbout('match: "*"\nrole: [a]\n', 'common.vgo')).toMatchInlineSnapshot(`
      "
      common.vgo:1:1: error: a common.vgo has no 'match': it is for every host below its folder [match-in-common]
        1 | match: "*"
          | ^^^^^
        take it away, or write an entry of 'envoys:' in another file
      common.vgo:2:1: error: 'role' is not a key of a common.vgo [unknown-key]
        2 | role: [a]
          | ^^^^
        did you mean 'roles'?
      "
    `)
  })
})

describe('environments', () => {
  test.each(['env', 'environments'])('are read below %s', key => {
    const text = `${key}:\n  production:\n    vars: {tier: prod}\n    configcrates: [audit]\n    exclude_configcrates: debug\n  staging:\n`
    const { environments } = declared('environments.vgo', text)
    expect(
      environments.map(({ name, vars, configcrates, excludeConfigcrates }) => [
        name.value,
        variablesOf(vars),
        valuesOf(configcrates),
        valuesOf(excludeConfigcrates),
      ]),
    ).toEqual([['production', { tier: 'prod' }, ['audit'], ['debug']]])
  })

  test('are told what is wrong', () => {
    expect(complaintsAbout('production: {vars: {}}\n', 'environments.vgo')).toMatchInlineSnapshot(`
      "
      environments.vgo:1:1: error: environments.vgo needs 'environments' [missing-key]
        1 | production: {vars: {}}
          | ^^^^^^^^^^
        add 'environments: …'
      "
    `)
    expect(
      complaintsAbout('env: {production: [a], "my env": {vars: {}, exclude_modules: [x]}}\n', 'environments.vgo'),
    ).toMatchInlineSnapshot(`
      "
      environments.vgo:1:19: error: the environment 'production' must be a map, not a list [wrong-kind]
        1 | env: {production: [a], "my env": {vars: {}, exclude_modules: [x]}}
          |                   ^^^
        write 'vars:' and 'configcrates:' below it
      environments.vgo:1:24: error: 'my env' cannot be the name of an environment [name]
        1 | env: {production: [a], "my env": {vars: {}, exclude_modules: [x]}}
          |                        ^^^^^^^^
        a name has letters, digits, dots, dashes and underscores, starts with a letter or digit and has at most 128 characters
      environments.vgo:1:45: error: 'exclude_modules' is not a key of an environment [unknown-key]
        1 | env: {production: [a], "my env": {vars: {}, exclude_modules: [x]}}
          |                                             ^^^^^^^^^^^^^^^
        its keys are description, vars, configcrates, exclude_configcrates
      "
    `)
  })
})
