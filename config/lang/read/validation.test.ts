import { describe, expect, test } from 'vitest'
import { complaintsAbout, crateOf } from '../fixture.ts'

const NONE = '\n\n'

/* One test for each line of what publish validates, as far as one file tells. */

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
    expect(complaintsAbout(crateOf('name: a\ntype: capistrano\ncustom: true\nstage: 1'))).toBe(NONE)
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
    expect(complaintsAbout(crateOf(`name: a\ntype: file\npath: /etc/motd\n${rest}`))).toBe(NONE)
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
    expect(complaintsAbout(crateOf('name: a\ntype: user\nusername: dan\ncurator: false'))).toBe(NONE)
    expect(complaintsAbout(crateOf('name: a\ntype: user\nusername: dan\ncurator: true\npuddle: "{{ .Vars.p }}"'))).toBe(
      NONE,
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
    expect(complaintsAbout(crateOf('type: file\ntarget_path: /a\nstate: absent'))).toBe(NONE)
  })

  test('has attributes of the defaults of its crate', () => {
    const defaults = 'defaults: {owner: root, group: root, mode: "0600"}\n'
    expect(complaintsAbout(crateOf('name: a\ntype: file\ntarget_path: /a') + defaults)).toBe(NONE)
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

describe('a resource that would act on every run', () => {
  test.each([
    ['exec', 'command: make install'],
    ['service', 'service: nginx\nstate: restarted'],
    ['service', 'service: nginx\nstate: reloaded'],
    ['reboot', 'message: bye'],
  ])('is refused: %s with %s', (type, attributes) => {
    const named = (more: string) =>
      complaintsAbout(crateOf(`name: a\ntype: ${type}\n${attributes}${more}`, 'name: b\ntype: package\npackage: x'))
    expect(named('')).toContain(`the ${type} resource 'a'`)
    expect(named('')).toContain('would act on every run [unguarded]')
    expect(named('\nsubscribes: b')).toBe(NONE)
    expect(named('\nwhen: "changed"')).toBe(NONE)
    expect(named('\nwhen: "is_container"')).toContain('[unguarded]')
    expect(named(`\nwhen: "file_exists('/changed')"`)).toContain('[unguarded]')
  })

  test('is told how to be guarded', () => {
    expect(complaintsAbout(crateOf('type: exec\ncommand: make install'))).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:3:11: error: this exec resource would act on every run [unguarded]
        3 |   - type: exec
          |           ^^^^
        add 'unless:' or 'onlyif:' with a command that tells whether there is something to do, or let another resource trigger it with 'subscribes:'
      "
    `)
    expect(complaintsAbout(crateOf('name: a\ntype: service\nservice: nginx\nstate: restarted'))).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:4:11: error: the service resource 'a' in state 'restarted' would act on every run [unguarded]
        4 |     type: service
          |           ^^^^^^^
        add 'when: "changed"' and let the resource that it depends on trigger it, with 'subscribes:' here or 'notify:' there
      "
    `)
    expect(complaintsAbout(crateOf('type: reboot'))).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:3:11: error: this reboot resource would act on every run [unguarded]
        3 |   - type: reboot
          |           ^^^^^^
        add 'subscribes:' with the resource whose change needs the restart, or 'reboot_required_file: /var/run/reboot-required'
      "
    `)
  })

  test('is guarded by its own attributes', () => {
    expect(complaintsAbout(crateOf('type: exec\ncommand: make\nunless: test -f /x'))).toBe(NONE)
    expect(complaintsAbout(crateOf('type: exec\ncommand: make\nonlyif: test -f /x'))).toBe(NONE)
    expect(complaintsAbout(crateOf('type: reboot\nreboot_required_file: /var/run/reboot-required'))).toBe(NONE)
    expect(complaintsAbout(crateOf('type: reboot\nstate: absent'))).toBe(NONE)
    expect(complaintsAbout(crateOf('type: service\nservice: nginx\nstate: "{{ .Vars.state }}"'))).toBe(NONE)
  })
})

describe('the graph of a crate', () => {
  const resource = (name: string, more = '') => `name: ${name}\ntype: package\npackage: ${name}${more}`

  test.each(['depends_on', 'before', 'notify', 'subscribes'])('has the resources that %s names', key => {
    const text = crateOf(resource('nginx-package'), resource('b', `\n${key}: [nginx-pakage]`))
    expect(complaintsAbout(text)).toContain(
      `'${key}' names 'nginx-pakage', but this crate has no such resource [unknown-resource]`,
    )
    expect(complaintsAbout(text)).toContain("did you mean 'nginx-package'?")
    expect(complaintsAbout(text.replace('nginx-pakage', 'nginx-package'))).toBe(NONE)
  })

  test('has no resource that names itself, and no two of one name', () => {
    expect(complaintsAbout(crateOf(resource('a', '\ndepends_on: a')))).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:6:17: error: the resource 'a' names itself in 'depends_on' [self-reference]
        6 |     depends_on: a
          |                 ^
        take it away
      "
    `)
    expect(complaintsAbout(crateOf(resource('a'), resource('a')))).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:6:11: error: there are two resources called 'a' in this file [duplicate-name]
        6 |   - name: a
          |           ^
        give each a 'name:' of its own
        configcrates/web.vgo:3:11: the first is here
      "
    `)
  })

  test('has no circle', () => {
    const text = crateOf(
      resource('a', '\ndepends_on: b'),
      resource('b', '\nsubscribes: c'),
      resource('c', '\ndepends_on: d'),
      resource('d', '\nbefore: e'),
      resource('e', '\nnotify: d'),
    )
    expect(complaintsAbout(text)).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:18:13: error: resources wait for each other in a circle: d → e → d [cycle]
        18 |     before: e
           |             ^
        take away one of the references below; an arrow means that a resource comes before the next
        configcrates/web.vgo:18:13: 'd' has before: e
        configcrates/web.vgo:22:13: 'e' has notify: d
      "
    `)
  })

  test('triggers nothing twice', () => {
    const text = crateOf(resource('conf', '\nnotify: [svc]'), resource('svc', '\nsubscribes: [conf]'))
    expect(complaintsAbout(text)).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:10:18: error: 'conf' would trigger 'svc' twice: it notifies it, and 'svc' subscribes to it [double-trigger]
        10 |     subscribes: [conf]
           |                  ^^^^
        keep one of them: 'notify:' there or 'subscribes:' here
        configcrates/web.vgo:6:14: the 'notify' is here
      "
    `)
  })

  test('leaves names with templates to whoever renders them', () => {
    const each =
      'name: "site-{{ .Item }}.conf"\ntype: file\ntarget_path: "/etc/{{ .Item }}"\nowner: root\ngroup: root\nmode: "0644"\nforeach: sites'
    expect(complaintsAbout(crateOf(each, resource('b', '\ndepends_on: site-a.conf')))).toBe(NONE)
    expect(complaintsAbout(crateOf(each, resource('b', '\ndepends_on: "site-{{ .Vars.main }}.conf"')))).toBe(NONE)
    expect(complaintsAbout(crateOf(each, resource('b', '\ndepends_on: host-a.conf')))).toContain('[unknown-resource]')
  })
})

describe('templates', () => {
  test('are read, in all kinds of scalars, and told where they are wrong', () => {
    const text = crateOf(
      'name: a\ntype: file\ntarget_path: "/etc/{{ .Vars.x"\nowner: root\ngroup: root\nmode: "0644"\ncontent: |\n  first\n  {{ if .Vars.y }}\n  last',
      'name: b\ntype: package\npackage: [nginx, "{{ upcase .Vars.z }}"]',
    )
    expect(complaintsAbout(text)).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:5:24: error: this action has no }} [template-syntax]
        5 |     target_path: "/etc/{{ .Vars.x"
          |                        ^^
        close it; braces that are meant as text are written {{ "{{" }}
      configcrates/web.vgo:11:7: error: this {{ if }} has no {{ end }} [template-syntax]
        11 |       {{ if .Vars.y }}
           |       ^^^^^^^^^^^^^^^^
        add {{ end }} where it ends; if this is not meant as a template, write {{ \`{{ if .Vars.y }}\` }}
      configcrates/web.vgo:15:26: error: there is no function 'upcase' [template-syntax]
        15 |     package: [nginx, "{{ upcase .Vars.z }}"]
           |                          ^^^^^^
        a variable is written .Vars.upcase, text "upcase"; if this is not meant as a template, write {{ \`{{ upcase .Vars.z }}\` }}
      "
    `)
  })

  test('read only what is there', () => {
    const text = crateOf(
      'name: a\ntype: exec\ncommand: "docker ps --format \'{{.Names}}\'"\nunless: "test {{ .vars.x }}"',
    )
    expect(complaintsAbout(text)).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:5:37: error: templates have no '.Names' here [template-namespace]
        5 |     command: "docker ps --format '{{.Names}}'"
          |                                     ^^^^^^
        they know .Vars and .Traits; if this is not meant as a template, write {{ \`{{.Names}}\` }}
      configcrates/web.vgo:6:22: error: templates have no '.vars' here [template-namespace]
        6 |     unless: "test {{ .vars.x }}"
          |                      ^^^^^^^
        did you mean '.Vars'?
      "
    `)
    const item = crateOf('name: a\ntype: package\npackage: "{{ .Item }}"')
    expect(complaintsAbout(item)).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:5:18: error: templates have no '.Item' here [template-namespace]
        5 |     package: "{{ .Item }}"
          |                  ^^^^^
        '.Item' is there only where 'foreach:' repeats something
      "
    `)
    expect(complaintsAbout(`${item}    foreach: names\n`)).toBe(NONE)
    expect(complaintsAbout(`${item}foreach: names\n`)).toBe(NONE)
  })

  test('leave the path of the secret file to the executor', () => {
    const text =
      'type: exec\ncommand: login --token-file {{secret_file}}\nsecret_file: secret:vigo/token\nunless: "true"'
    expect(complaintsAbout(crateOf(text))).toBe(NONE)
  })
})

describe('a condition', () => {
  test('is read, and told where it is wrong', () => {
    const text = crateOf(
      "name: a\ntype: package\npackage: x\nwhen: os_familiy('debian') && !is_contaner",
      'name: b\ntype: package\npackage: x\nwhen: "file_exists(etc) or changed"',
      'name: c\ntype: package\npackage: x\nwhen: |\n  (is_container',
    )
    expect(complaintsAbout(`${text}when: hour_range(1)\n`)).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:6:11: error: there is no function 'os_familiy' [when-syntax]
        6 |     when: os_familiy('debian') && !is_contaner
          |           ^^^^^^^^^^^^^^^^^^^^
        did you mean 'os_family(FAMILY)'?
      configcrates/web.vgo:6:36: error: 'is_contaner' is not known [when-syntax]
        6 |     when: os_familiy('debian') && !is_contaner
          |                                    ^^^^^^^^^^^
        did you mean 'is_container'?
      configcrates/web.vgo:10:24: error: PATH of 'file_exists' needs quotes [when-syntax]
        10 |     when: "file_exists(etc) or changed"
           |                        ^^^
        write file_exists('etc')
      configcrates/web.vgo:10:29: error: 'or' cannot stand here [when-syntax]
        10 |     when: "file_exists(etc) or changed"
           |                             ^^
        write || for or
      configcrates/web.vgo:15:7: error: this '(' has no ')' [when-syntax]
        15 |       (is_container
           |       ^
      configcrates/web.vgo:16:7: error: 'hour_range' takes 2 arguments, not 1 [when-syntax]
        16 | when: hour_range(1)
           |       ^^^^^^^^^^^^^
        write hour_range(FROM, TO)
      "
    `)
    expect(
      complaintsAbout('name: web\ncase:\n  - when: is_big\n    configcrates: [a]\n', 'roles/web.vgo'),
    ).toMatchInlineSnapshot(`
      "
      roles/web.vgo:3:11: error: 'is_big' is not known [when-syntax]
        3 |   - when: is_big
          |           ^^^^^^
        a trait is written with its path: docker.installed; functions and names are is_container, has_enough_ram, host_is_libvirt, changed, file_exists, dir_exists, process_running, service_running, has_package, command_succeeds, hour_range, minute_range, day_of_week, day_of_month, os_family, distro, arch, version_ge, hostname, trait
      "
    `)
  })

  test('with a template is read when it is rendered', () => {
    expect(complaintsAbout(crateOf('name: a\ntype: package\npackage: x\nwhen: "distro(\'{{ .Vars.distro }}\')"'))).toBe(
      NONE,
    )
    expect(complaintsAbout(crateOf('name: a\ntype: package\npackage: x\nwhen: "{{ .Item }}"'))).toContain(
      '[template-namespace]',
    )
  })

  test('guards only when it is false while nothing has changed', () => {
    const restart = (when: string) =>
      complaintsAbout(crateOf(`name: a\ntype: service\nservice: x\nstate: restarted\nwhen: "${when}"`))
    expect(restart('changed && is_container')).toBe(NONE)
    expect(restart("is_container && (changed && os_family('debian'))")).toBe(NONE)
    expect(restart('!changed')).toContain('[unguarded]')
    expect(restart('changed || is_container')).toContain('[unguarded]')
    expect(restart('chaned')).toContain('[unguarded]')
    expect(restart('changed &&').match(/error/g)).toHaveLength(1)
  })
})

describe('references to secrets', () => {
  test('have the form of one, wherever they stand', () => {
    const text = crateOf(
      'name: a\ntype: user\nusername: dan\npassword: "secret:/vigo/dan"',
      'name: b\ntype: container\ncontainer: b\nimage: x\nenv:\n  A: x secret:vigo//b',
    )
    expect(complaintsAbout(`${text}vars:\n  deep: [{x: "secret:"}]\n`)).toMatchInlineSnapshot(`
      "
      configcrates/web.vgo:6:16: error: the path of a secret does not start with a slash [secret-reference]
        6 |     password: "secret:/vigo/dan"
          |                ^^^^^^^^^^^^^^^^
        write for example 'secret:vigo/webapp/database_url'
      configcrates/web.vgo:12:12: error: the path of a secret has an empty part [secret-reference]
        12 |       A: x secret:vigo//b
           |            ^^^^^^^^^^^^^^
        write for example 'secret:vigo/webapp/database_url'
      configcrates/web.vgo:14:15: error: there is no path of a secret directly behind the colon [secret-reference]
        14 |   deep: [{x: "secret:"}]
           |               ^^^^^^^
        write for example 'secret:vigo/webapp/database_url'
      "
    `)
  })

  test('may have a path that a template makes', () => {
    const text = crateOf(
      'name: a\ntype: user\nusername: dan\npassword: "secret:{{ .Vars.path }}"',
      'name: b\ntype: user\nusername: ann\npassword: "secret:vigo/{{ .Vars.name }}"',
    )
    expect(complaintsAbout(text)).toBe(NONE)
  })
})
