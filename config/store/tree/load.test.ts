import { describe, expect, test } from 'vitest'
import { type Files, loadComplaints } from '../fixture.ts'

const crate = (name: string, more = ''): string => `name: ${name}
${more}resources:
  - name: motd
    type: file
    target_path: /etc/${name}
    content: hello
    owner: root
    group: root
    mode: "0644"
`
const NGINX: Files = { 'configcrates/nginx.vgo': crate('nginx') }

describe('what does not fit together across files is told with both places', () => {
  test('two crates of one name', () => {
    expect(loadComplaints({ ...NGINX, 'configcrates/web/nginx.vgo': crate('nginx') })).toMatchInlineSnapshot(`
      "
      configcrates/web/nginx.vgo:1:7: error: there are two configcrates called 'nginx' [duplicate-name]
        1 | name: nginx
          |       ^^^^^
        rename one of them, and whatever refers to it
        configcrates/nginx.vgo:1:7: the first is here
      "
    `)
  })

  test('a configcrate and a usercrate of one name', () => {
    expect(
      loadComplaints({ 'configcrates/alice.vgo': crate('alice'), 'usercrates/alice.vgo': crate('alice') }),
    ).toMatchInlineSnapshot(`
      "
      usercrates/alice.vgo:1:7: error: there are two crates called 'alice' [duplicate-name]
        1 | name: alice
          |       ^^^^^
        rename one of them, and whatever refers to it
        configcrates/alice.vgo:1:7: the first is here
      "
    `)
  })

  test('a crate that nobody declares', () => {
    expect(
      loadComplaints({ ...NGINX, 'envoys.vgo': 'envoys:\n  - match: "*"\n    configcrates: [nginz]\n' }),
    ).toMatchInlineSnapshot(`
      "
      envoys.vgo:3:20: error: there is no configcrate called 'nginz' [unknown-configcrate]
        3 |     configcrates: [nginz]
          |                    ^^^^^
        did you mean 'nginx'?
      "
    `)
  })

  test('a role where a crate is meant, and the other way round', () => {
    expect(
      loadComplaints({
        ...NGINX,
        'roles.vgo': 'roles:\n  - name: web\n    configcrates: [nginx]\n',
        'envoys.vgo': 'envoys:\n  - match: "*"\n    configcrates: [web]\n    roles: [nginx]\n',
      }),
    ).toMatchInlineSnapshot(`
      "
      envoys.vgo:3:20: error: there is no configcrate called 'web' [unknown-configcrate]
        3 |     configcrates: [web]
          |                    ^^^
        'web' is a role: write it below 'roles:'
      envoys.vgo:4:13: error: there is no role called 'nginx' [unknown-role]
        4 |     roles: [nginx]
          |             ^^^^^
        'nginx' is a configcrate: write it below 'configcrates:'
      "
    `)
  })

  test('a usercrate that nobody declares', () => {
    expect(loadComplaints({ 'common.vgo': 'usercrates: [alice]\n' })).toMatchInlineSnapshot(`
      "
      common.vgo:1:14: error: there is no usercrate called 'alice' [unknown-usercrate]
        1 | usercrates: [alice]
          |              ^^^^^
        the tree has no usercrate at all; add one, or take the reference away
      "
    `)
  })

  test('an environment that is declared, but not for this folder', () => {
    expect(
      loadComplaints({
        'customerA/environments.vgo': 'env:\n  production: {}\n',
        'envoys.vgo': 'envoys:\n  - match: "*"\n    environment: production\n',
      }),
    ).toMatchInlineSnapshot(`
      "
      envoys.vgo:3:18: error: there is no environment 'production' in the top folder [unknown-environment]
        3 |     environment: production
          |                  ^^^^^^^^^^
        it is declared in a folder that this entry is not below; move the block up, or the entry down
        customerA/environments.vgo:2:3: 'production' is declared here
      "
    `)
  })

  test('an environment that nobody declares', () => {
    expect(
      loadComplaints({
        'environments.vgo': 'env:\n  production: {}\n',
        'envoys.vgo': 'envoys:\n  - match: "*"\n    environment: prodution\n',
      }),
    ).toMatchInlineSnapshot(`
      "
      envoys.vgo:3:18: error: there is no environment 'prodution' in the top folder [unknown-environment]
        3 |     environment: prodution
          |                  ^^^^^^^^^
        did you mean 'production'?
      "
    `)
  })

  test('tasks that a workflow names, and their parameters', () => {
    expect(
      loadComplaints({
        'tasks/drain.vgo': 'name: drain\ncommand: drain {{ .Params.pool }}\nparams:\n  pool:\n    required: true\n',
        'workflows/deploy.vgo':
          'name: deploy\nsteps:\n  - name: one\n    task: drian\n  - name: two\n    task: drain\n    params: { pol: web }\n',
      }),
    ).toMatchInlineSnapshot(`
      "
      workflows/deploy.vgo:4:11: error: there is no task called 'drian' [unknown-task]
        4 |     task: drian
          |           ^^^^^
        did you mean 'drain'?
      workflows/deploy.vgo:6:11: error: the task 'drain' needs the parameter 'pool' [missing-parameter]
        6 |     task: drain
          |           ^^^^^
        add 'params: { pool: … }' to the step
        tasks/drain.vgo:1:7: the task is declared here
      workflows/deploy.vgo:7:15: error: the task 'drain' has no parameter 'pol' [unknown-parameter]
        7 |     params: { pol: web }
          |               ^^^
        did you mean 'pool'?
        tasks/drain.vgo:1:7: the task is declared here
      "
    `)
  })

  test('two roles, tasks and environments of one name', () => {
    expect(
      loadComplaints({
        'roles/web.vgo': 'name: web\nconfigcrates: []\n',
        'roles/other.vgo': 'name: web\nconfigcrates: []\n',
        'environments.vgo': 'env:\n  production: {}\n',
        'more.vgo': 'env:\n  production: {}\n',
      }),
    ).toMatchInlineSnapshot(`
      "
      more.vgo:2:3: error: there are two environments of one folder called 'production' [duplicate-name]
        2 |   production: {}
          |   ^^^^^^^^^^
        rename one of them, and whatever refers to it
        environments.vgo:2:3: the first is here
      roles/web.vgo:1:7: error: there are two roles called 'web' [duplicate-name]
        1 | name: web
          |       ^^^
        rename one of them, and whatever refers to it
        roles/other.vgo:1:7: the first is here
      "
    `)
  })
})

describe('what may be meant otherwise is a warning', () => {
  test('entries that no host can reach', () => {
    expect(
      loadComplaints({
        'envoys.vgo': 'envoys:\n  - match: "*"\n  - match: "web*"\n',
        'customerA/envoys.vgo': 'envoys:\n  - match: "*.example.com"\n  - match: "WEB?.example.com"\n',
      }),
    ).toMatchInlineSnapshot(`
      "
      customerA/envoys.vgo:3:12: warning: no host gets here: '*.example.com' in customerA/envoys.vgo:2:12 comes first and matches all that 'WEB?.example.com' matches [unreachable-entry]
        3 |   - match: "WEB?.example.com"
          |            ^^^^^^^^^^^^^^^^^^
        put the narrower pattern above the wider one
        customerA/envoys.vgo:2:12: this entry comes first
      envoys.vgo:3:12: warning: no host gets here: '*' in envoys.vgo:2:12 comes first and matches all that 'web*' matches [unreachable-entry]
        3 |   - match: "web*"
          |            ^^^^^^
        put the narrower pattern above the wider one
        envoys.vgo:2:12: this entry comes first
      "
    `)
  })

  test('braces in a variable', () => {
    expect(loadComplaints({ 'common.vgo': 'vars:\n  url: "https://{{ .Vars.host }}"\n' })).toMatchInlineSnapshot(`
      "
      common.vgo:2:8: warning: values of variables are not rendered: the braces stay as they are [template-in-variable]
        2 |   url: "https://{{ .Vars.host }}"
          |        ^^^^^^^^^^^^^^^^^^^^^^^^^^
        write the template where the variable is used
      "
    `)
  })
})

test('every error is reported, in the order of the files', () => {
  const files: Files = {
    'z/envoys.vgo': 'envoys:\n  - match: "z"\n    roles: [none]\n',
    'a/envoys.vgo': 'envoys:\n  - match: "a"\n    configcrates: [none]\n    usercrates: [none]\n',
    'configcrates/broken.vgo': 'name: broken\nresources: [',
  }
  const places = Array.from(loadComplaints(files).matchAll(/^(\S+?):\d+:\d+: error/gm), ([, path]) => path)
  expect(places).toEqual(['a/envoys.vgo', 'a/envoys.vgo', 'configcrates/broken.vgo', 'z/envoys.vgo'])
})

test('a crate that cannot be read is not missed by those who refer to it', () => {
  const files: Files = {
    'configcrates/nginx.vgo': 'name: nginx\nresources: [',
    'envoys.vgo': 'envoys:\n  - match: "*"\n    configcrates: [nginx]\n',
  }
  expect(loadComplaints(files)).not.toContain('unknown-configcrate')
  expect(loadComplaints(files)).toContain('configcrates/nginx.vgo:2:12: error')
})
