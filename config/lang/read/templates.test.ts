import { describe, expect, test } from 'vitest'
import { complaintsAbout, crateOf, NOTHING } from '../fixture.ts'

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
    expect(complaintsAbout(`${item}    foreach: names\n`)).toBe(NOTHING)
    expect(complaintsAbout(`${item}foreach: names\n`)).toBe(NOTHING)
  })

  test('leave the path of the secret file to the executor', () => {
    const text =
      'type: exec\ncommand: login --token-file {{secret_file}}\nsecret_file: secret:vigo/token\nunless: "true"'
    expect(complaintsAbout(crateOf(text))).toBe(NOTHING)
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
      NOTHING,
    )
    expect(complaintsAbout(crateOf('name: a\ntype: package\npackage: x\nwhen: "{{ .Item }}"'))).toContain(
      '[template-namespace]',
    )
  })

  test('guards only when it is false while nothing has changed', () => {
    const restart = (when: string) =>
      complaintsAbout(crateOf(`name: a\ntype: service\nservice: x\nstate: restarted\nwhen: "${when}"`))
    expect(restart('changed && is_container')).toBe(NOTHING)
    expect(restart("is_container && (changed && os_family('debian'))")).toBe(NOTHING)
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
    expect(complaintsAbout(text)).toBe(NOTHING)
  })
})
