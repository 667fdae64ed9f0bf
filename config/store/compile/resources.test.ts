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
