import { describe, expect, test } from 'vitest'
import { complaintsAbout, crateOf, NOTHING } from '../fixture.ts'

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
    expect(named('\nsubscribes: b')).toBe(NOTHING)
    expect(named('\nwhen: "changed"')).toBe(NOTHING)
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
    expect(complaintsAbout(crateOf('type: exec\ncommand: make\nunless: test -f /x'))).toBe(NOTHING)
    expect(complaintsAbout(crateOf('type: exec\ncommand: make\nonlyif: test -f /x'))).toBe(NOTHING)
    expect(complaintsAbout(crateOf('type: reboot\nreboot_required_file: /var/run/reboot-required'))).toBe(NOTHING)
    expect(complaintsAbout(crateOf('type: reboot\nstate: absent'))).toBe(NOTHING)
    expect(complaintsAbout(crateOf('type: service\nservice: nginx\nstate: "{{ .Vars.state }}"'))).toBe(NOTHING)
  })
})
