import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { plainOf } from '../attribute/index.ts'
import type { Declarations, Variables } from '../declarations.ts'
import { Diagnostics, renderDiagnostic } from '../diagnostic.ts'
import { complaintsAbout } from '../fixture.ts'
import type { Located } from '../node.ts'
import { resourceSchemas } from '../resource/index.ts'
import { placeOf } from '../source.ts'
import { readDeclarations } from './index.ts'

const NONE = '\n\n'

function read(path: string, text: string): Declarations {
  const diagnostics = new Diagnostics()
  const declarations = readDeclarations({ path, text }, diagnostics)
  expect(diagnostics.sorted.map(renderDiagnostic)).toEqual([])
  return declarations
}

const values = (located: readonly Located<string>[]) => located.map(({ value }) => value)
const plain = (vars: Variables) =>
  Object.fromEntries(Array.from(vars.values(), ({ key, value }) => [key, plainOf(value)]))

describe('a configcrate', () => {
  const text = `name: web
description: the front
depends_on: base
when: os_family('debian')
foreach: sites
vars: {port: 80, hosts: [a, b]}
defaults: {owner: www}
compliance: {hipaa: ["164.312(a)(1)"], cis-ubuntu: "5.2"}
provides: tls
bundle: [hardening]
resources:
  - name: "conf-{{ .Item }}"
    type: directory
    path: "/srv/{{ .Item }}"
    foreach: [x, y]
    before: "done-{{ .Item }}"
    when: changed
`

  test('declares everything with its place', () => {
    const [crate] = read('configcrates/web.vgo', text).configcrates
    if (crate === undefined) throw new Error('no crate')
    expect(crate.name.value).toBe('web')
    expect(placeOf(crate.name.span)).toBe('configcrates/web.vgo:1:7')
    expect([values(crate.dependsOn), values(crate.provides), values(crate.bundle)]).toEqual([
      ['base'],
      ['tls'],
      ['hardening'],
    ])
    expect(crate.when?.value).toBe("os_family('debian')")
    expect(crate.foreach).toMatchObject({ value: 'sites' })
    expect(plain(crate.vars)).toEqual({ port: 80, hosts: ['a', 'b'] })
    expect(plain(crate.defaults)).toEqual({ owner: 'www' })
    const [resource] = crate.resources
    expect(resource?.foreach).toMatchObject({ kind: 'list' })
    expect(resource?.attributes.get('target_path')?.key).toBe('path')
    expect(values(resource?.before ?? [])).toEqual(['done-{{ .Item }}'])
    expect([resource?.when?.value, resource?.custom, resource?.nameIsDerived]).toEqual(['changed', false, false])
  })

  test.each([
    ['configcrates/a.vgo', 'name: a\nresources: []\n', 'configcrates'],
    ['configcrates/deep/a.vgo', 'configcrate: a\n', 'configcrates'],
    ['configcrates/common.vgo', 'name: common\nvars: {a: 1}\n', 'configcrates'],
    ['customerA/a.vgo', 'name: a\nresources: []\n', 'configcrates'],
    ['usercrates/a.vgo', 'name: a\nresources: []\n', 'usercrates'],
    ['a.vgo', 'usercrate: a\nresources: []\n', 'usercrates'],
  ] as const)('may be %s', (path, crate, kind) => {
    expect(values(read(path, crate)[kind].map(({ name }) => name))).toHaveLength(1)
  })

  test('is told about keys that it has not, and names that it cannot have', () => {
    expect(complaintsAbout('name: my web\nresurces: []\nusercrate: x\n')).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:1:7: error: 'my web' cannot be the name of a usercrate [name]
        1 | name: my web
          |       ^^^^^^
        a name has letters, digits, dots, dashes and underscores, starts with a letter or digit and has at most 128 characters
      configcrates/web.vgo:2:1: error: 'resurces' is not a key of a usercrate [unknown-key]
        2 | resurces: []
          | ^^^^^^^^
        did you mean 'resources'?
      configcrates/web.vgo:3:1: error: 'name' and 'usercrate' both name the usercrate [two-names]
        3 | usercrate: x
          | ^^^^^^^^^
        take one away
      "
    `)
    expect(complaintsAbout('name: a\nconfigcrate: b\n')).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:2:1: error: 'name' and 'configcrate' both name the configcrate [two-names]
        2 | configcrate: b
          | ^^^^^^^^^^^
        take one away
      "
    `)
    expect(complaintsAbout('name: ../../etc\n')).toContain("'../../etc' cannot be the name of a configcrate")
    expect(complaintsAbout(`name: ${'a'.repeat(129)}\n`)).toContain('at most 128 characters')
  })

  test('is told about values of the wrong kind', () => {
    expect(
      complaintsAbout('name: web\nresources:\n  nginx: {type: package}\ndepends_on: {a: 1}\nvars: [a]\n'),
    ).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:3:3: error: 'resources' must be a list, not a map [wrong-kind]
        3 |   nginx: {type: package}
          |   ^^^^^^^^^^^^^^^^^^^^^^
        start each item with '- '
      configcrates/web.vgo:4:13: error: 'depends_on' must be a name or a list of names, not a map [wrong-kind]
        4 | depends_on: {a: 1}
          |             ^^^^^^
        write '[<name>, <name>]'
      configcrates/web.vgo:5:7: error: 'vars' must be a map, not a list [wrong-kind]
        5 | vars: [a]
          |       ^^^
        write '<key>: <value>' below it
      "
    `)
    expect(complaintsAbout('name: web\nresources: [nginx]\nforeach: "{{ .Vars.sites }}"\n')).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:2:13: error: an item of 'resources' must be a map, not text [wrong-kind]
        2 | resources: [nginx]
          |             ^^^^^
        write '- <key>: <value>'
      configcrates/web.vgo:3:10: error: 'foreach' must be a list or the name of a variable, not '{{ .Vars.sites }}' [foreach]
        3 | foreach: "{{ .Vars.sites }}"
          |          ^^^^^^^^^^^^^^^^^^^
        write the name alone, without braces and '.Vars'
      "
    `)
  })

  test('may have keys without values', () => {
    expect(complaintsAbout('name: web\nresources:\nvars:\ndepends_on:\n')).toBe(NONE)
  })
})

describe('variables', () => {
  test('that look like something else are pointed out', () => {
    expect(
      complaintsAbout('vars:\n  version: 1.10\n  mode: 0644\n  tls: yes\n  my-port: 80\n', 'common.vgo'),
    ).toMatchInlineSnapshot(`
      "
      common.vgo:2:12: warning: 1.10 is the number 1.1 [number-form]
        2 |   version: 1.10
          |            ^^^^
        quote it to keep it as it is written: "1.10"
      common.vgo:3:9: warning: 0644 is the number 644 [number-form]
        3 |   mode: 0644
          |         ^^^^
        quote it to keep it as it is written: "0644"
      common.vgo:4:8: warning: yes is text in YAML 1.2, not true [yes-no]
        4 |   tls: yes
          |        ^^^
        write true, as 'vigocli config lint --fix' does, or quote it if text is meant
      common.vgo:5:3: warning: templates cannot say '.Vars.my-port' [variable-name]
        5 |   my-port: 80
          |   ^^^^^^^
        name it 'my_port', or write {{ index .Vars "my-port" }}
      "
    `)
    expect(complaintsAbout('vars: {version: "1.10", port: 80, ratio: 0.5, on: true}\n', 'common.vgo')).toBe(NONE)
  })
})

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
    const { roles } = read(path, text)
    expect(roles.map(({ name, configcrates }) => [name.value, values(configcrates)])).toEqual([['web', ['nginx']]])
  })

  test('have groups for some machines, and other roles', () => {
    const text = `name: web
includes: [base]
usercrates: [ops]
case:
  - when: is_container
    configcrates: [light]
`
    const [role] = read('roles/web.vgo', text).roles
    expect(role && [values(role.includes), values(role.usercrates)]).toEqual([['base'], ['ops']])
    expect(role?.cases.map(({ when, configcrates }) => [when.value, values(configcrates)])).toEqual([
      ['is_container', ['light']],
    ])
    const [other] = read('roles/web.vgo', 'name: web\ncase:\n  debian: [apt]\n  redhat: dnf\n').roles
    expect(other?.cases.map(({ when, configcrates }) => [when.value, values(configcrates)])).toEqual([
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
    const { envoys } = read('customerA/web/web.vgo', text)
    expect(values(envoys.map(({ match }) => match))).toEqual(['*.example.com', 'db{1,2}.lan'])
    expect(
      envoys[0] && [
        envoys[0].environment?.value,
        values(envoys[0].roles),
        values(envoys[0].usercrates),
        plain(envoys[0].vars),
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
    const { common } = read(
      'customerA/common.vgo',
      'roles: [base]\nconfigcrates: motd\nusercrates: []\nvars: {dns: [a]}\n',
    )
    expect(common && [values(common.roles), values(common.configcrates), plain(common.vars)]).toEqual([
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
    const { environments } = read('environments.vgo', text)
    expect(
      environments.map(({ name, vars, configcrates, excludeConfigcrates }) => [
        name.value,
        plain(vars),
        values(configcrates),
        values(excludeConfigcrates),
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

describe('waivers and claims', () => {
  test('are read', () => {
    const text =
      'waivers:\n  - framework: hipaa\n    control: "164.312(b)"\n    reason: test machines\n    match: "test*"\n    expires: 2027-03-31\n'
    const [waiver] = read('waivers.vgo', text).waivers
    expect(
      waiver && [
        waiver.framework.value,
        waiver.control.value,
        waiver.reason.value,
        waiver.match?.value,
        waiver.expires?.value,
      ],
    ).toEqual(['hipaa', '164.312(b)', 'test machines', 'test*', '2027-03-31'])
    const claims = { 'cis-ubuntu': ['1.1', '1.2'], hipaa: '164' }
    for (const path of ['compliance.vgo', 'configcrates/web/compliance.vgo', 'customerA/compliance.vgo']) {
      const bare = read(path, stringify(claims)).compliance
      const below = read(path, stringify({ compliance: claims })).compliance
      expect([bare && plainOf(bare), below && plainOf(below)]).toEqual([claims, claims])
    }
  })

  test('are told what is wrong', () => {
    expect(
      complaintsAbout('waivers:\n  - framework: hipaa\n    control: x\n    expires: 31.3.2027\n', 'waivers.vgo'),
    ).toMatchInlineSnapshot(`
      "
      waivers.vgo:2:5: error: a waiver needs 'reason' [missing-key]
        2 |   - framework: hipaa
          |     ^^^^^^^^^
        add 'reason: …'
      waivers.vgo:4:14: error: '31.3.2027' is not a date [date]
        4 |     expires: 31.3.2027
          |              ^^^^^^^^^
        write year, month and day, for example 2027-03-31; the waiver holds until the end of that day in UTC
      "
    `)
    expect(complaintsAbout('hipaa: {a: b}\npci-dss: [1.1, [2]]\n', 'compliance.vgo')).toMatchInlineSnapshot(`
      "
      compliance.vgo:1:8: error: the framework 'hipaa' must have a control or a list of controls [wrong-kind]
        1 | hipaa: {a: b}
          |        ^^^^^^
        write for example 'hipaa: ["164.312(a)(1)"]'
      compliance.vgo:2:16: error: the framework 'pci-dss' must have a control or a list of controls [wrong-kind]
        2 | pci-dss: [1.1, [2]]
          |                ^^^
        write for example 'pci-dss: ["164.312(a)(1)"]'
      "
    `)
  })
})

describe('tasks and workflows', () => {
  test('are read', () => {
    const text = `description: rolls out a version
command: deploy {{ .Params.version }}
target: "*.app.example.com,-db*"
timeout: 10m
batch_size: 25%
max_failures: 2
health_check: curl -sf http://localhost/health
params:
  version: {description: what to deploy, required: true}
  channel: stable
  note:
`
    const [task] = read('tasks/deploy.vgo', text).tasks
    expect([task?.name.value, task?.command.value, task?.description]).toEqual([
      'deploy',
      'deploy {{ .Params.version }}',
      'rolls out a version',
    ])
    expect(
      Array.from(task?.params ?? [], ([name, { required, default: initial }]) => [
        name,
        required,
        initial && plainOf(initial),
      ]),
    ).toEqual([
      ['version', true, undefined],
      ['channel', false, 'stable'],
      ['note', true, undefined],
    ])
    expect(Array.from(task?.settings.keys() ?? [])).toEqual([
      'target',
      'timeout',
      'batch_size',
      'max_failures',
      'health_check',
    ])
    const steps =
      'steps:\n  - name: drain\n    command: drain\n    target: lb*\n  - task: deploy\n    params: {version: "1"}\n    on_failure: continue\n'
    const [workflow] = read('workflows/release.vgo', steps).workflows
    expect(workflow?.name.value).toBe('release')
    expect(
      workflow?.steps.map(step => [step.name.value, step.task?.value, step.command?.value, step.onFailure]),
    ).toEqual([
      ['drain', undefined, 'drain', 'stop'],
      ['step-2', 'deploy', undefined, 'continue'],
    ])
    expect(read('ops.vgo', 'tasks: [{name: a, command: b}]\nworkflows: [{name: c, steps: []}]\n')).toMatchObject({
      tasks: [{}],
      workflows: [{}],
    })
  })

  test('are told what is wrong', () => {
    const text =
      'batch_size: many\nmax_failures: 200%\nparams: {my-param: 1}\ncommand: run {{ .Params.verison }} {{ .Vars.x }}\nparam: x\n'
    expect(complaintsAbout(text, 'tasks/deploy.vgo')).toMatchInlineSnapshot(`
      "
      tasks/deploy.vgo:1:13: error: 'batch_size' must be a number of hosts such as 5, or a share such as 25%, not 'many' [attribute-value]
        1 | batch_size: many
          |             ^^^^
        correct the value
      tasks/deploy.vgo:2:15: error: 'max_failures' must be a number of hosts such as 2, or a share such as 10%, not '200%' [attribute-value]
        2 | max_failures: 200%
          |               ^^^^
        correct the value
      tasks/deploy.vgo:3:10: error: 'my-param' cannot be the name of a parameter [name]
        3 | params: {my-param: 1}
          |          ^^^^^^^^
        it has letters, digits and underscores, and does not start with a digit
      tasks/deploy.vgo:4:17: error: the task has no parameter 'verison' [unknown-parameter]
        4 | command: run {{ .Params.verison }} {{ .Vars.x }}
          |                 ^^^^^^^^^^^^^^^
        its parameters are my-param
      tasks/deploy.vgo:4:39: error: templates have no '.Vars' here [template-namespace]
        4 | command: run {{ .Params.verison }} {{ .Vars.x }}
          |                                       ^^^^^^^
        they know .Params; if this is not meant as a template, write {{ \`{{ .Vars.x }}\` }}
      tasks/deploy.vgo:5:1: error: 'param' is not a key of a task [unknown-key]
        5 | param: x
          | ^^^^^
        did you mean 'params'?
      "
    `)
    expect(complaintsAbout('description: x\n', 'tasks/deploy.vgo')).toContain("a task needs 'command'")
    const steps = 'steps:\n  - name: a\n  - name: a\n    task: x\n    command: y\n    on_failure: retry\n'
    expect(complaintsAbout(steps, 'workflows/w.vgo')).toMatchInlineSnapshot(`
      "
      workflows/w.vgo:2:5: error: a step needs 'task' or 'command' [missing-key]
        2 |   - name: a
          |     ^^^^^^^
        add 'task: <name>' or 'command: …'
      workflows/w.vgo:3:11: error: there are two steps called 'a' in this file [duplicate-name]
        3 |   - name: a
          |           ^
        give each a 'name:' of its own
        workflows/w.vgo:2:11: the first is here
      workflows/w.vgo:5:5: error: a step has 'task' or 'command', not both [exclusive-keys]
        5 |     command: y
          |     ^^^^^^^
        take one away
      workflows/w.vgo:6:17: error: 'on_failure' must be stop or continue, not 'retry' [attribute-value]
        6 |     on_failure: retry
          |                 ^^^^^
        'stop' is what holds when it is not given
      "
    `)
  })
})

describe('a file', () => {
  test.each(['', '# nothing yet\n', '---\n'])('without anything declares nothing: %j', text => {
    expect(read('configcrates/web.vgo', text).configcrates).toEqual([])
    expect(read('environments.vgo', text).environments).toEqual([])
  })

  test('that says nothing of its kind is told what there is', () => {
    expect(complaintsAbout('foo: bar\n', 'customerA/x.vgo')).toMatchInlineSnapshot(`
      "
      customerA/x.vgo:1:1: error: nothing in this file says what it declares [unknown-file]
        1 | foo: bar
          | ^^^
        write 'resources:' for a configcrate, or 'envoys:', 'roles:', 'environments:', 'waivers:', 'compliance:', 'tasks:', 'workflows:'
      "
    `)
    expect(complaintsAbout('- name: a\n  type: package\n', 'configcrates/x.vgo')).toMatchInlineSnapshot(`
      "
      configcrates/x.vgo:1:1: error: a .vgo file must be a map, not a list [wrong-kind]
        1 | - name: a
          | ^
        write the key that the list belongs to above it: 'resources:', 'envoys:' or 'roles:'
      "
    `)
    expect(complaintsAbout('just text\n', 'configcrates/x.vgo')).toMatchInlineSnapshot(`
      "
      configcrates/x.vgo:1:1: error: a .vgo file must be a map, not text [wrong-kind]
        1 | just text
          | ^
        write '<key>: <value>'
      "
    `)
  })

  test('with syntax errors is told those alone', () => {
    expect(complaintsAbout('nmae: "web\nresources: {}\n')).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:1:7: error: the quote that starts here is never closed [yaml-unclosed-quote]
        1 | nmae: "web
          |       ^
        add " at the end of the value
      "
    `)
  })

  test('may have names that a program would stumble over', () => {
    const text =
      '__proto__: 1\nconstructor: 2\nname: toString\nresources:\n  - name: __proto__\n    type: hasOwnProperty\n  - name: valueOf\n    type: package\n    package: x\n    depends_on: [__proto__]\n    constructor: y\n'
    expect(complaintsAbout(text)).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:1:1: error: '__proto__' is not a key of a configcrate [unknown-key]
        1 | __proto__: 1
          | ^^^^^^^^^
        its keys are name, configcrate, description, depends_on, when, foreach, vars, defaults and 4 more
      configcrates/web.vgo:2:1: error: 'constructor' is not a key of a configcrate [unknown-key]
        2 | constructor: 2
          | ^^^^^^^^^^^
        its keys are name, configcrate, description, depends_on, when, foreach, vars, defaults and 4 more
      configcrates/web.vgo:6:11: error: the resource type 'hasOwnProperty' is not known [unknown-type]
        6 |     type: hasOwnProperty
          |           ^^^^^^^^^^^^^^
        types are file, directory, symlink, file_line, blockinfile, replace, field_edit, ini and 19 more. A custom executor's resource needs 'skip_validation: true'
      configcrates/web.vgo:11:5: error: 'constructor' is not an attribute of package [unknown-attribute]
        11 |     constructor: y
           |     ^^^^^^^^^^^
        its attributes are package, state, version, allow_downgrade, lock_version, purge, update_cache, post_cleanup and 12 more
      "
    `)
  })

  test('of any shape is read without a fall', () => {
    const words = fc.constantFrom(
      'name',
      'type',
      'resources',
      'envoys',
      'roles',
      'env',
      'vars',
      'match',
      'when',
      'foreach',
      'depends_on',
      'notify',
      'subscribes',
      'state',
      'defaults',
      'steps',
      'params',
      'command',
      'waivers',
      'compliance',
      'tasks',
      'case',
      ...resourceSchemas.keys(),
    )
    const scalar = fc.oneof(
      words,
      fc.constantFrom('{{ .Vars.x }}', '{{', 'secret:', 'secret:a', '/etc', '0644', '*', ''),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
    )
    const { value } = fc.letrec(tie => ({
      value: fc.oneof(
        { maxDepth: 5 },
        scalar,
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(words, tie('value'), { maxKeys: 5 }),
      ),
    }))
    const path = fc.constantFrom(
      'configcrates/a.vgo',
      'usercrates/a.vgo',
      'roles/a.vgo',
      'roles.vgo',
      'tasks/a.vgo',
      'workflows/a.vgo',
      'common.vgo',
      'environments.vgo',
      'waivers.vgo',
      'compliance.vgo',
      'a.vgo',
    )
    fc.assert(
      fc.property(path, fc.dictionary(words, value, { maxKeys: 5 }), (at, document) => {
        const diagnostics = new Diagnostics()
        readDeclarations({ path: at, text: stringify(document) }, diagnostics)
        for (const diagnostic of diagnostics.sorted) {
          expect(diagnostic.message).not.toMatch(/undefined|\[object/)
          expect(diagnostic.hint).not.toMatch(/undefined|\[object/)
          expect(renderDiagnostic(diagnostic)).toContain(`${at}:`)
        }
      }),
      { numRuns: 500 },
    )
  })
})
