import { describe, expect, test } from 'vitest'
import { bundleOf, compileComplaints, DEBIAN, type Files, storeOf } from '../fixture.ts'

const tree = (crate: string, more: Files = {}): Files => ({
  'configcrates/x.vgo': crate,
  'envoys.vgo': 'envoys:\n  - match: "*"\n    configcrates: [x]\n',
  ...more,
})
const bundle = (crate: string, more: Files = {}, traits = DEBIAN) =>
  bundleOf(storeOf(tree(crate, more)), 'web1', traits)
const complaints = (crate: string, more: Files = {}, traits = DEBIAN) =>
  compileComplaints(tree(crate, more), 'web1', traits)

const user = (lines: string): string => `  - type: user\n${lines.replaceAll(/^/gm, '    ')}\n`

describe('foreach', () => {
  test('repeats a resource for texts and for maps', () => {
    const crate = `name: x
vars:
  admins: [ann, bob]
  sites:
    - { name: shop, port: 80 }
    - { name: blog, port: 81 }
resources:
${user('name: "user-{{ .Item }}"\nusername: "{{ .Item }}"\nforeach: admins')}
  - name: "site-{{ .Each.name }}"
    type: file
    target_path: "/etc/sites/{{ .Item.name }}"
    content: "{{ .Each.port }}"
    foreach: sites
    depends_on: ["user-{{ .Vars.admins | first }}"]
`
    expect(
      bundle(crate.replace('{{ .Vars.admins | first }}', 'ann')).resources.map(({ id, attributes, dependsOn }) => [
        id,
        attributes['username'] ?? attributes['content'],
        dependsOn,
      ]),
    ).toEqual([
      ['x/user-ann', 'ann', []],
      ['x/user-bob', 'bob', []],
      ['x/site-shop', '80', ['x/user-ann']],
      ['x/site-blog', '81', ['x/user-ann']],
    ])
  })

  test('puts the item behind a name without a template, and a reference to that name means all copies', () => {
    const crate = `name: x
resources:
${user('name: person\nusername: "{{ .Item }}"\nforeach: [ann, bob]')}
  - name: after
    type: exec
    command: "true"
    unless: "false"
    depends_on: person
`
    expect(bundle(crate).resources.map(({ id, dependsOn }) => [id, dependsOn])).toEqual([
      ['x/person[ann]', []],
      ['x/person[bob]', []],
      ['x/after', ['x/person[ann]', 'x/person[bob]']],
    ])
  })

  test('over an empty list makes nothing, and whoever refers to it waits for nothing', () => {
    const crate = `name: x
vars: { people: [] }
resources:
${user('name: person\nusername: "{{ .Item }}"\nforeach: people')}
  - name: after
    type: exec
    command: "true"
    unless: "false"
    depends_on: person
`
    expect(bundle(crate).resources.map(({ id, dependsOn }) => [id, dependsOn])).toEqual([['x/after', []]])
  })

  test('repeats a whole crate, each time with its own references', () => {
    const crate = `name: x
foreach: [a, b]
resources:
  - name: dir
    type: directory
    target_path: "/srv/{{ .Item }}"
  - name: file
    type: file
    target_path: "/srv/{{ .Item }}/file"
    content: x
    depends_on: dir
`
    expect(bundle(crate).resources.map(({ id, dependsOn }) => [id, dependsOn])).toEqual([
      ['x[a]/dir', []],
      ['x[a]/file', ['x[a]/dir']],
      ['x[b]/dir', []],
      ['x[b]/file', ['x[b]/dir']],
    ])
  })

  test('over something that is no list, or has the same item twice, is an error', () => {
    const crate = (list: string): string =>
      `name: x\nvars: { people: ${list} }\nresources:\n${user('name: person\nusername: "{{ .Item }}"\nforeach: people')}`
    expect(complaints(crate('ann'))).toMatchInlineSnapshot(`
      "
      configcrates/x.vgo:7:14: error: 'foreach' needs a list, but 'people' is text [foreach]
        7 |     foreach: people
          |              ^^^^^^
        write a list: '[a, b]', or one item on each line with '- ' before it
        configcrates/x.vgo:2:9: 'people' is set here
        envoys.vgo:2:12: for hosts that '*' matches
      "
    `)
    expect(complaints(crate('[ann, ann]'))).toMatchInlineSnapshot(`
      "
      configcrates/x.vgo:7:14: error: 'foreach' has two items 'ann', which would make the same thing twice [foreach]
        7 |     foreach: people
          |              ^^^^^^
        take one away, or give maps different values of 'name'
        envoys.vgo:2:12: for hosts that '*' matches
      "
    `)
  })
})

describe('when', () => {
  const crate = `name: x
when: os_family('debian')
resources:
  - { name: a, type: exec, command: a, unless: b, when: "file_exists('/a')" }
  - { name: b, type: exec, command: b, unless: b, when: "arch('arm64')" }
  - { name: c, type: exec, command: c, unless: b, depends_on: b }
`
  test('is decided where the server can, and left to the agent otherwise', () => {
    const { resources, skipped } = bundle(crate)
    expect(resources.map(({ id, when, dependsOn }) => [id, when, dependsOn])).toEqual([
      ['x/a', "file_exists('/a')", []],
      ['x/c', '', []],
    ])
    expect(skipped).toEqual([{ id: 'x/b', reason: "when: arch('arm64')" }])
  })

  test('of a crate holds for all its resources', () => {
    expect(bundle(crate, {}, { ...DEBIAN, os: { ...DEBIAN.os, family: 'redhat' } }).resources).toEqual([])
    const unknown = bundleOf(storeOf(tree(crate)), 'web1', {})
    expect(unknown.resources.map(({ when }) => when)).toEqual([
      "os_family('debian') && file_exists('/a')",
      "os_family('debian') && arch('arm64')",
      "os_family('debian')",
    ])
  })

  test('with a template is read after it is rendered', () => {
    const templated = `name: x\nvars: { path: /a }\nresources:\n  - { name: a, type: exec, command: a, unless: b, when: "file_exists('{{ .Vars.path }}')" }\n`
    expect(bundle(templated).resources.map(({ when }) => when)).toEqual(["file_exists('/a')"])
    expect(complaints(templated.replace('\')"', '"'))).toContain('when-syntax')
  })
})

describe('references between resources', () => {
  test('stand at both ends, and notify another crate that came before', () => {
    const files: Files = {
      'configcrates/nginx.vgo':
        'name: nginx\nresources:\n  - { name: service, type: service, service: nginx, state: running }\n',
    }
    const crate = `name: x
depends_on: [nginx]
resources:
  - { name: vhost, type: file, target_path: /etc/vhost, content: a, notify: service }
  - { name: first, type: exec, command: a, unless: b, before: vhost }
  - { name: again, type: exec, command: a, when: changed, subscribes: [vhost, nginx/service] }
`
    expect(
      bundle(crate, files).resources.map(({ id, dependsOn, notify, subscribes }) => [
        id,
        dependsOn,
        notify,
        subscribes,
      ]),
    ).toEqual([
      ['nginx/service', [], ['x/again'], ['x/vhost']],
      ['x/first', [], [], []],
      ['x/vhost', ['x/first'], ['nginx/service', 'x/again'], []],
      ['x/again', [], [], ['nginx/service', 'x/vhost']],
    ])
  })

  test('that make a circle only when they are rendered are an error', () => {
    const crate = `name: x
vars: { other: b }
resources:
  - { name: a, type: exec, command: a, unless: b, depends_on: "{{ .Vars.other }}" }
  - { name: b, type: exec, command: b, unless: b, depends_on: a }
`
    expect(complaints(crate)).toMatchInlineSnapshot(`
      "
      configcrates/x.vgo:4:13: error: resources wait for each other in a circle: x/a → x/b → x/a [cycle]
        4 |   - { name: a, type: exec, command: a, unless: b, depends_on: "{{ .Vars.other }}" }
          |             ^
        take away one of their references; an arrow means that a resource comes before the next
        configcrates/x.vgo:5:13: 'b' is here
        envoys.vgo:2:12: for hosts that '*' matches
      "
    `)
  })

  test('to names that nothing has once they are rendered are an error', () => {
    const crate = `name: x
vars: { other: nobody }
resources:
  - { name: a, type: exec, command: a, unless: b, depends_on: "{{ .Vars.other }}" }
`
    expect(complaints(crate)).toMatchInlineSnapshot(`
      "
      configcrates/x.vgo:4:63: error: 'x/a' refers to 'nobody', which neither its crate nor one that it depends on has [unknown-resource]
        4 |   - { name: a, type: exec, command: a, unless: b, depends_on: "{{ .Vars.other }}" }
          |                                                               ^^^^^^^^^^^^^^^^^^^
        there is a
        envoys.vgo:2:12: for hosts that '*' matches
      "
    `)
  })
})

describe('values', () => {
  test('keep the types that their attributes have', () => {
    const crate = `name: x
vars: { ports: ["80:80", "81:81"], env: { A: 1, B: two }, on: true, delay: 90s }
resources:
  - name: c
    type: container
    container: web
    image: nginx
    ports: "{{ .Vars.ports }}"
    env: "{{ .Vars.env }}"
    privileged: "{{ .Vars.on }}"
    healthcheck_interval: "{{ .Vars.delay }}"
`
    expect(bundle(crate).resources[0]?.attributes).toMatchObject({
      ports: ['80:80', '81:81'],
      env: { A: '1', B: 'two' },
      privileged: true,
      healthcheck_interval: 90,
    })
  })

  test("come from the crate's defaults where the resource and its type agree", () => {
    const crate = `name: x
defaults: { owner: web, mode: "0600" }
resources:
  - { name: a, type: file, target_path: /a, content: a }
  - { name: b, type: file, target_path: /b, content: a, owner: root }
  - { name: c, type: exec, command: c, unless: b }
`
    expect(bundle(crate).resources.map(({ attributes }) => [attributes['owner'], attributes['mode']])).toEqual([
      ['web', '0600'],
      ['root', '0600'],
      [undefined, undefined],
    ])
  })

  test('of custom executors are as their author wrote them', () => {
    const crate = `name: x
vars: { targets: [a, b] }
resources:
  - { name: deploy, type: capistrano, skip_validation: true, command: cap deploy, unless: x, targets: "{{ .Vars.targets }}", keep: 5 }
`
    expect(bundle(crate).resources[0]).toMatchObject({
      custom: true,
      type: 'capistrano',
      attributes: { command: 'cap deploy', keep: 5, targets: ['a', 'b'], unless: 'x' },
    })
  })

  test('may be the contents of a template of the tree', () => {
    const crate =
      'name: x\nvars: { name: motd, who: you }\nresources:\n  - { name: m, type: file, target_path: /etc/motd, source: "{{ .Vars.name }}.tmpl" }\n'
    const { attributes } = bundle(crate, { 'templates/motd.tmpl': 'hello {{ .Vars.who }}\n' }).resources[0] ?? {
      attributes: {},
    }
    expect(attributes).toMatchObject({ content: 'hello you\n' })
    expect(attributes).not.toHaveProperty('source')
    expect(complaints(crate, { 'templates/motd.tmpl': 'line\nhello {{ .Vars.whom }}\n' })).toMatchInlineSnapshot(`
      "
      templates/motd.tmpl:2:10: error: '.Vars.whom' is not set [missing-variable]
        2 | hello {{ .Vars.whom }}
          |          ^^^^^^^^^^
        did you mean '.Vars.who'? Otherwise give 'whom' a default in the crate's 'vars:', or set it where the host is matched
        envoys.vgo:2:12: for hosts that '*' matches
      "
    `)
    expect(complaints(crate, { 'templates/other.tmpl': 'hello' })).toContain(
      "there is no template 'motd.tmpl' in the tree",
    )
  })

  test('that refer to secrets stay references, and one that is none is an error', () => {
    const crate =
      'name: x\nvars: { name: db }\nresources:\n  - { name: m, type: file, target_path: /etc/db, content: "secret:vigo/{{ .Vars.name }}/url" }\n'
    expect(bundle(crate).secrets).toEqual(['vigo/db/url'])
    expect(complaints(crate.replace('name: db', 'name: ..'))).toContain('secret-reference')
  })

  test('that break a rule of their type only when they are rendered are an error', () => {
    const crate =
      'name: x\nvars: { state: present }\nresources:\n  - { name: m, type: mount, path: /mnt, state: "{{ .Vars.state }}" }\n'
    expect(complaints(crate)).toContain('missing-attribute')
    expect(bundle(crate.replace('state: present }', 'state: absent }')).resources).toHaveLength(1)
  })

  test('that need a trait that the host does not report are an error', () => {
    const crate =
      'name: x\nresources:\n  - { name: m, type: file, target_path: /m, content: "{{ .Traits.rack.row }}" }\n'
    expect(complaints(crate)).toMatchInlineSnapshot(`
      "
      configcrates/x.vgo:3:58: error: '.Traits.rack' is not set [missing-trait]
        3 |   - { name: m, type: file, target_path: /m, content: "{{ .Traits.rack.row }}" }
          |                                                          ^^^^^^^^^^^^
        the host does not report it: '.Traits' has hardware, host_is_libvirt, is_container, network, os; if it may be missing, read it with default
        envoys.vgo:2:12: for hosts that '*' matches
      "
    `)
  })
})

test('a host that nothing matches is nobody’s, and a tree with errors gives nobody anything', () => {
  const files = tree('name: x\n', { 'envoys.vgo': 'envoys:\n  - match: "db*"\n    configcrates: [x]\n' })
  expect(compileComplaints(files, 'web1')).toBe('\nunmatched\n')
  expect(compileComplaints({ ...files, 'broken.vgo': 'a: [' }, 'db1')).toContain('broken.vgo')
})
