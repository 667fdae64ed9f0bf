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
