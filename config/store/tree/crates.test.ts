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

describe('what does not fit together between crates and between roles is told with all places', () => {
  test('crates that depend on each other in a circle', () => {
    expect(
      loadComplaints({
        'configcrates/a.vgo': crate('a', 'depends_on: [b]\n'),
        'configcrates/b.vgo': crate('b', 'depends_on: [c]\n'),
        'configcrates/c.vgo': crate('c', 'depends_on: [a]\n'),
      }),
    ).toMatchInlineSnapshot(`
      "
      configcrates/c.vgo:2:14: error: crates wait for each other in a circle: a → c → b → a [crate-cycle]
        2 | depends_on: [a]
          |              ^
        take away one of the 'depends_on' below; an arrow means that a crate comes before the next
        configcrates/c.vgo:2:14: 'c' depends on 'a'
        configcrates/b.vgo:2:14: 'b' depends on 'c'
        configcrates/a.vgo:2:14: 'a' depends on 'b'
      "
    `)
  })

  test('a crate that depends on itself', () => {
    expect(loadComplaints({ 'configcrates/a.vgo': crate('a', 'depends_on: [a]\n') })).toMatchInlineSnapshot(`
      "
      configcrates/a.vgo:2:14: error: the crate 'a' depends on itself [crate-cycle]
        2 | depends_on: [a]
          |              ^
        take away one of the 'depends_on' below; an arrow means that a crate comes before the next
        configcrates/a.vgo:2:14: 'a' depends on 'a'
      "
    `)
  })

  test('roles that include each other', () => {
    expect(
      loadComplaints({
        'roles/a.vgo': 'name: a\nincludes: [b]\n',
        'roles/b.vgo': 'name: b\nincludes: [a]\n',
      }),
    ).toMatchInlineSnapshot(`
      "
      roles/a.vgo:2:12: error: the roles 'a' and 'b' include each other [role-cycle]
        2 | includes: [b]
          |            ^
        take one of the two away
        roles/b.vgo:2:12: 'b' includes 'a' here
      roles/b.vgo:2:12: error: the roles 'b' and 'a' include each other [role-cycle]
        2 | includes: [a]
          |            ^
        take one of the two away
        roles/a.vgo:2:12: 'a' includes 'b' here
      "
    `)
  })

  test('roles that are included two levels deep', () => {
    expect(
      loadComplaints({
        'roles/a.vgo': 'name: a\nincludes: [b]\n',
        'roles/b.vgo': 'name: b\nincludes: [c]\n',
        'roles/c.vgo': 'name: c\nconfigcrates: []\n',
      }),
    ).toMatchInlineSnapshot(`
      "
      roles/a.vgo:2:12: error: the role 'a' includes 'b', which includes 'c' itself; one level is allowed [role-depth]
        2 | includes: [b]
          |            ^
        let 'a' include 'c' as well, and take it away from 'b'
        roles/b.vgo:2:12: 'b' includes 'c' here
      "
    `)
  })

  test('a resource that neither the crate nor its dependencies have', () => {
    expect(
      loadComplaints({
        ...NGINX,
        'configcrates/site.vgo': crate('site', 'depends_on: [nginx]\n').replace(
          'content: hello',
          'content: hello\n    notify: nginx-service',
        ),
      }),
    ).toMatchInlineSnapshot(`
      "
      configcrates/site.vgo:8:13: error: 'notify' names 'nginx-service', but neither this crate nor one that it depends on has such a resource [unknown-resource]
        8 |     notify: nginx-service
          |             ^^^^^^^^^^^^^
        their resources are motd
      "
    `)
  })

  test('a resource that would come before the crate that its own depends on', () => {
    expect(
      loadComplaints({
        'configcrates/nginx.vgo': crate('nginx').replace('name: motd', 'name: config'),
        'configcrates/site.vgo': crate('site', 'depends_on: [nginx]\n').replace(
          'content: hello',
          'content: hello\n    before: config',
        ),
      }),
    ).toMatchInlineSnapshot(`
      "
      configcrates/site.vgo:8:13: error: 'motd' cannot come before 'config': its crate depends on 'nginx', all of which comes first [crate-order]
        8 |     before: config
          |             ^^^^^^
        take the 'before' away, or move the resource into a crate that the other one depends on
      "
    `)
  })

  test('templates that are not there, and files that are no templates', () => {
    const source = (path: string): string => crate('motd').replace('content: hello', `source: ${path}`)
    expect(
      loadComplaints({
        'configcrates/a.vgo': source('templates/motd.tmp.tmpl').replaceAll('motd\nres', 'a\nres'),
        'configcrates/b.vgo': source('files/motd').replaceAll('motd\nres', 'b\nres'),
        'templates/motd.tmpl': 'hello',
      }),
    ).toMatchInlineSnapshot(`
      "
      configcrates/a.vgo:6:13: error: there is no template 'templates/motd.tmp.tmpl' in the tree [unknown-template]
        6 |     source: templates/motd.tmp.tmpl
          |             ^^^^^^^^^^^^^^^^^^^^^^^
        did you mean 'templates/motd.tmpl'?
      configcrates/b.vgo:6:13: error: 'files/motd' is neither a template of the tree, nor an absolute path on the machine, nor a URL [unknown-template]
        6 |     source: files/motd
          |             ^^^^^^^^^^
        only .vgo and .tmpl files are published: write 'templates/<name>.tmpl', '/path' or 'https://…'
      "
    `)
  })

  test('a list that nothing sets', () => {
    expect(
      loadComplaints({ 'configcrates/users.vgo': crate('users', 'vars:\n  admins: [a]\nforeach: admin\n') }),
    ).toMatchInlineSnapshot(`
      "
      configcrates/users.vgo:4:10: error: 'foreach' repeats over 'admin', but nothing sets the variable 'admin' [unknown-variable]
        4 | foreach: admin
          |          ^^^^^
        did you mean 'admins'?
      "
    `)
  })
})

test('chains of crates end somewhere', () => {
  const files = Array.from({ length: 150 }, (_, at) => [
    `configcrates/c${at}.vgo`,
    `name: c${at}\n${at === 0 ? '' : `depends_on: [c${at - 1}]\n`}`,
  ])
  const complaints = loadComplaints(Object.fromEntries(files))
  expect(complaints).toContain("'c100' depends on crates that depend on crates, and so on: more than 100 in a row")
  expect(complaints.match(/crate-depth/g)).toHaveLength(1)
})

test('a thousand crates in circles and ten thousand wrong names are told in bounded time', () => {
  const files = Array.from({ length: 1000 }, (_, at) => [
    `configcrates/c${at}.vgo`,
    `name: c${at}\ndepends_on: [c${at ^ 1}, ${Array.from({ length: 10 }, (_, no) => `nobody-${at}-${no}`).join(', ')}]\n`,
  ])
  const complaints = loadComplaints(Object.fromEntries(files))
  expect(complaints.match(/: error: /g)).toHaveLength(1000)
})
