import { describe, expect, test } from 'vitest'
import { complaintsAbout, crateOf, NOTHING } from '../fixture.ts'

describe('a resource', () => {
  test('has a type that is known', () => {
    expect(complaintsAbout(crateOf('name: a\ntype: pakage\npackage: nginx'))).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:4:11: error: the resource type 'pakage' is not known [unknown-type]
        4 |     type: pakage
          |           ^^^^^^
        did you mean 'package'? A custom executor's resource needs 'skip_validation: true'
      "
    `)
    expect(complaintsAbout(crateOf('name: a\npackage: nginx'))).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:3:5: error: a resource needs 'type' [missing-key]
        3 |   - name: a
          |     ^^^^
        add 'type: …'
      "
    `)
  })

  test('may have a type of its own, but not a path', () => {
    expect(complaintsAbout(crateOf('name: a\ntype: capistrano\ncustom: true\nstage: 1'))).toBe(NOTHING)
    expect(complaintsAbout(crateOf('name: a\ntype: ../../bin/sh\nskip_validation: true'))).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:4:11: error: '../../bin/sh' cannot be the type of a custom executor [unknown-type]
        4 |     type: ../../bin/sh
          |           ^^^^^^^^^^^^
        it is the file name of the executor: letters, digits, dashes and underscores
      "
    `)
    expect(
      complaintsAbout(crateOf('name: a\ntype: package\npackage: x\nskip_validation: true')),
    ).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:4:11: warning: 'package' is a type of the product, so 'skip_validation' and 'custom' do nothing [not-custom]
        4 |     type: package
          |           ^^^^^^^
        take the key away
      "
    `)
  })

  test('of an unknown type can still be named by others', () => {
    const text = crateOf('name: a\ntype: pakage', 'name: b\ntype: package\npackage: x\ndepends_on: a')
    expect(complaintsAbout(text).match(/error/g)).toHaveLength(1)
  })

  test('has the attributes of its type', () => {
    expect(complaintsAbout(crateOf('name: a\ntype: package\npackage: nginx\nversoin: 1'))).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:6:5: error: 'versoin' is not an attribute of package [unknown-attribute]
        6 |     versoin: 1
          |     ^^^^^^^
        did you mean 'version'?
      "
    `)
    expect(complaintsAbout(crateOf('name: a\ntype: git\npath: /opt/app'))).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:4:11: error: the git resource 'a' needs 'repo' [missing-attribute]
        4 |     type: git
          |           ^^^
        add 'repo: …'
      "
    `)
    expect(complaintsAbout(crateOf('name: a\ntype: mount\nstate: unmounted'))).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:4:11: error: the mount resource 'a' needs 'path' [missing-attribute]
        4 |     type: mount
          |           ^^^^^
        add 'path: …'
      "
    `)
    expect(complaintsAbout(crateOf('name: a\ntype: source_package\nversion: "1"'))).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:4:11: error: the source_package resource 'a' needs 'url' or 'artifact' [missing-attribute]
        4 |     type: source_package
          |           ^^^^^^^^^^^^^^
        add 'url: …'
      "
    `)
  })

  test('may have an attribute in an older spelling, but not twice', () => {
    const rest = 'owner: root\ngroup: root\nmode: "0644"'
    expect(complaintsAbout(crateOf(`name: a\ntype: file\npath: /etc/motd\n${rest}`))).toBe(NOTHING)
    expect(
      complaintsAbout(crateOf(`name: a\ntype: file\ntargetpath: /a\ntarget_path: /b\n${rest}`)),
    ).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:6:5: error: 'target_path' and 'targetpath' are the same attribute [duplicate-attribute]
        6 |     target_path: /b
          |     ^^^^^^^^^^^
        keep 'target_path'
        configcrates/web.vgo:5:5: 'targetpath' is here
      "
    `)
  })

  test('is a directory when it is one', () => {
    expect(complaintsAbout(crateOf('name: a\ntype: file\ntarget_path: /srv\nstate: directory'))).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:4:11: warning: the file resource 'a' does not say 'owner', 'group', 'mode' [default-attribute]
        4 |     type: file
          |           ^^^^
        this holds then: owner: root, group: root, mode: "0644"
      configcrates/web.vgo:6:12: error: 'state' must be present or absent, not 'directory' [attribute-value]
        6 |     state: directory
          |            ^^^^^^^^^
        a directory is a resource of its own: write 'type: directory'
      "
    `)
  })

  test('has absolute paths and octal modes', () => {
    const text = crateOf('name: a\ntype: file\npath: etc/motd\nowner: root\ngroup: root\nmode: u=rw')
    expect(complaintsAbout(text)).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:5:11: error: 'path' must be an absolute path, not 'etc/motd' [attribute-value]
        5 |     path: etc/motd
          |           ^^^^^^^^
        start it with a slash
      configcrates/web.vgo:8:11: error: 'mode' must be an octal mode, not 'u=rw' [attribute-value]
        8 |     mode: u=rw
          |           ^^^^
        write the permission bits as three or four octal digits, best in quotes: "0644"
      "
    `)
  })

  test('has a state of its type', () => {
    expect(complaintsAbout(crateOf('name: a\ntype: service\nservice: nginx\nstate: started'))).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:6:12: error: 'state' must be running, stopped, restarted or reloaded, not 'started' [attribute-value]
        6 |     state: started
          |            ^^^^^^^
        write 'state: running'
      "
    `)
    expect(complaintsAbout(crateOf('name: a\ntype: service\nservice: nginx\nstate: runing'))).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:6:12: error: 'state' must be running, stopped, restarted or reloaded, not 'runing' [attribute-value]
        6 |     state: runing
          |            ^^^^^^
        did you mean 'running'?
      "
    `)
  })

  test('has contents from one place', () => {
    const text = crateOf('name: a\ntype: file\ntarget_path: /a\nstate: absent\ncontent: x\nsource: templates/x.tmpl')
    expect(complaintsAbout(text)).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:8:5: error: 'source' cannot stand together with 'content' [exclusive-attributes]
        8 |     source: templates/x.tmpl
          |     ^^^^^^
        take one of them away
        configcrates/web.vgo:7:5: 'content' is here
      "
    `)
  })

  test('has booleans that are booleans', () => {
    expect(complaintsAbout(crateOf('name: a\ntype: service\nservice: nginx\nenabled: yes'))).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:6:14: error: 'enabled' must be true or false, not 'yes' [attribute-value]
        6 |     enabled: yes
          |              ^^^
        write true: 'yes' is text in YAML 1.2; 'vigocli config lint --fix' replaces it
      "
    `)
  })

  test('grants the curator only with a puddle', () => {
    expect(complaintsAbout(crateOf('name: a\ntype: user\nusername: dan\ncurator: true'))).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:6:5: error: 'curator' needs 'puddle' [missing-attribute]
        6 |     curator: true
          |     ^^^^^^^
        add 'puddle:', or take 'curator' away
      "
    `)
    expect(complaintsAbout(crateOf('name: a\ntype: user\nusername: dan\ncurator: false'))).toBe(NOTHING)
    expect(complaintsAbout(crateOf('name: a\ntype: user\nusername: dan\ncurator: true\npuddle: "{{ .Vars.p }}"'))).toBe(
      NOTHING,
    )
  })

  test('is told what it gets when it does not say', () => {
    expect(complaintsAbout(crateOf('type: file\ntarget_path: /a'))).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:3:11: warning: this file resource does not say 'owner', 'group', 'mode' [default-attribute]
        3 |   - type: file
          |           ^^^^
        this holds then: owner: root, group: root, mode: "0644"
      "
    `)
    expect(complaintsAbout(crateOf('type: file\ntarget_path: /a\nstate: absent'))).toBe(NOTHING)
  })

  test('has attributes of the defaults of its crate', () => {
    const defaults = 'defaults: {owner: root, group: root, mode: "0600"}\n'
    expect(complaintsAbout(crateOf('name: a\ntype: file\ntarget_path: /a') + defaults)).toBe(NOTHING)
    const wrong = 'defaults: {onwer: root, mode: rw}\n'
    expect(complaintsAbout(crateOf('name: a\ntype: directory\ntarget_path: /a') + wrong)).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:6:12: error: no resource of this crate has the attribute 'onwer' [unknown-default]
        6 | defaults: {onwer: root, mode: rw}
          |            ^^^^^
        did you mean 'owner'?
      configcrates/web.vgo:6:31: error: 'mode' must be an octal mode, not 'rw' [attribute-value]
        6 | defaults: {onwer: root, mode: rw}
          |                               ^^
        write the permission bits as three or four octal digits, best in quotes: "0644"
      "
    `)
  })
})
