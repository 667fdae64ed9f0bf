import { describe, expect, test } from 'vitest'
import { complaintsAbout, crateOf, NOTHING } from '../fixture.ts'

describe('the graph of a crate', () => {
  const resource = (name: string, more = '') => `name: ${name}\ntype: package\npackage: ${name}${more}`

  test.each(['depends_on', 'before', 'notify', 'subscribes'])('has the resources that %s names', key => {
    const text = crateOf(resource('nginx-package'), resource('b', `\n${key}: [nginx-pakage]`))
    expect(complaintsAbout(text)).toContain(
      `'${key}' names 'nginx-pakage', but this crate has no such resource [unknown-resource]`,
    )
    expect(complaintsAbout(text)).toContain("did you mean 'nginx-package'?")
    expect(complaintsAbout(text.replace('nginx-pakage', 'nginx-package'))).toBe(NOTHING)
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
    expect(complaintsAbout(crateOf(each, resource('b', '\ndepends_on: site-a.conf')))).toBe(NOTHING)
    expect(complaintsAbout(crateOf(each, resource('b', '\ndepends_on: "site-{{ .Vars.main }}.conf"')))).toBe(NOTHING)
    expect(complaintsAbout(crateOf(each, resource('b', '\ndepends_on: host-a.conf')))).toContain('[unknown-resource]')
  })
})
