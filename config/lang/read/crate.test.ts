import { describe, expect, test } from 'vitest'
import { complaintsAbout, declared, NOTHING, valuesOf, variablesOf } from '../fixture.ts'
import { placeOf } from '../source.ts'

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
    const [crate] = declared('configcrates/web.vgo', text).configcrates
    if (crate === undefined) throw new Error('no crate')
    expect(crate.name.value).toBe('web')
    expect(placeOf(crate.name.span)).toBe('configcrates/web.vgo:1:7')
    expect([valuesOf(crate.dependsOn), valuesOf(crate.provides), valuesOf(crate.bundle)]).toEqual([
      ['base'],
      ['tls'],
      ['hardening'],
    ])
    expect(crate.when?.value).toBe("os_family('debian')")
    expect(crate.foreach).toMatchObject({ value: 'sites' })
    expect(variablesOf(crate.vars)).toEqual({ port: 80, hosts: ['a', 'b'] })
    expect(variablesOf(crate.defaults)).toEqual({ owner: 'www' })
    const [resource] = crate.resources
    expect(resource?.foreach).toMatchObject({ kind: 'list' })
    expect(resource?.attributes.get('target_path')?.key).toBe('path')
    expect(valuesOf(resource?.before ?? [])).toEqual(['done-{{ .Item }}'])
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
    expect(valuesOf(declared(path, crate)[kind].map(({ name }) => name))).toHaveLength(1)
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
    expect(complaintsAbout('name: web\nresources:\nvars:\ndepends_on:\n')).toBe(NOTHING)
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
        write true, or quote it if text is meant
      common.vgo:5:3: warning: templates cannot say '.Vars.my-port' [variable-name]
        5 |   my-port: 80
          |   ^^^^^^^
        name it 'my_port', or write {{ index .Vars "my-port" }}
      "
    `)
    expect(complaintsAbout('vars: {version: "1.10", port: 80, ratio: 0.5, on: true}\n', 'common.vgo')).toBe(NOTHING)
  })
})
