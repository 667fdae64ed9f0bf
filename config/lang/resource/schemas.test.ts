import { describe, expect, test } from 'vitest'
import { checkAttribute } from '../attribute/index.ts'
import { resourceKeys } from '../read/index.ts'
import type { AttributesOf, ResourceRule } from '../schema.ts'
import { renderResourceDocument } from './document.ts'
import { labelOf, resourceSchemas, type SchemaOf } from './index.ts'

const schemas = Array.from(resourceSchemas.values())
const file = { path: 'test.vgo', text: '' }

describe('the resource types', () => {
  test('are all that the sources name', () => {
    const named =
      'file directory symlink exec process file_line blockinfile replace field_edit ini json_file host sshkey package service user group repository container vm cron mount git reboot source_package nonrepo_package firewall'
    expect(Array.from(resourceSchemas.keys()).toSorted()).toEqual(named.split(' ').toSorted())
  })

  test.each(schemas)('$type speaks only of attributes that it has', schema => {
    const names = schema.attributes.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining([...schema.main]))
    expect(names).toEqual(expect.arrayContaining([...(schema.identity ?? [])]))
    expect(names).toEqual(expect.arrayContaining([...(schema.probedUrls ?? [])]))
    expect(names).toEqual(expect.arrayContaining(schema.rules.flatMap(attributesOf)))
    const states = schema.attributes.find(({ name }) => name === 'state')?.type
    const known = states?.kind === 'enum' ? states.values : []
    expect(known).toEqual(expect.arrayContaining(schema.rules.flatMap(statesOf)))
  })

  test.each(schemas)('$type spells each attribute in ways of its own, and none like a key of all resources', schema => {
    const spellings = schema.attributes.flatMap(({ name, aliases = [] }) => [name, ...aliases])
    expect(new Set(spellings).size).toBe(spellings.length)
    expect(spellings.filter(spelling => resourceKeys.includes(spelling))).toEqual([])
  })

  test.each(schemas)('$type has defaults that are values of their attributes', schema => {
    for (const attribute of schema.attributes) {
      if (attribute.default === undefined) continue
      expect(attribute.required ?? false).toBe(false)
      const source = String(attribute.default)
      const span = { file, start: 0, end: 0 }
      const checked = checkAttribute(attribute, {
        kind: 'scalar',
        value: attribute.default,
        source,
        style: 'quoted',
        span,
      })
      expect(checked).toHaveProperty('value')
    }
  })

  test.each(schemas)('$type has patterns that keep no state and name what they mean', schema => {
    for (const { type } of schema.attributes) {
      if (!('pattern' in type) || type.pattern === undefined) continue
      expect(type.pattern.flags).not.toMatch(/[gy]/)
      expect(type.patternMeans).toBeTypeOf('string')
    }
  })

  test('give executors typed attributes', () => {
    const attributes: Pick<AttributesOf<SchemaOf<'file'>>, 'target_path' | 'mode' | 'state' | 'content'> = {
      target_path: '/etc/motd',
      mode: '0644',
      state: 'present',
      content: undefined,
    }
    const timeout: AttributesOf<SchemaOf<'exec'>>['timeout'] = 300
    // @ts-expect-error a file has no such state
    const state: AttributesOf<SchemaOf<'file'>>['state'] = 'directory'
    expect([attributes.mode, timeout, state]).toEqual(['0644', 300, 'directory'])
  })

  test('are documented in docs/language/resources.md', async () => {
    await expect(renderResourceDocument()).toMatchFileSnapshot('../../../docs/language/resources.md')
  })
})

describe('the label of a resource', () => {
  test.each([
    ['package', { package: 'nginx' }, 'Install nginx package'],
    ['package', { package: 'nginx, curl' }, 'Install nginx, curl packages'],
    ['package', { package: 'nginx', state: 'latest' }, 'Keep nginx package at the latest version'],
    ['package', { package: 'telnet', state: 'absent' }, 'Remove telnet package'],
    ['package', { package: '*', state: 'latest' }, 'Upgrade all packages'],
    ['file', { target_path: '/etc/nginx/nginx.conf' }, 'Deploy /etc/nginx/nginx.conf'],
    ['file', { target_path: '/etc/motd', state: 'absent' }, 'Remove /etc/motd'],
    ['service', { service: 'nginx', state: 'running', enabled: 'true' }, 'Ensure nginx is running and enabled'],
    ['service', { service: 'nginx' }, 'Ensure nginx is running'],
    ['service', { service: 'cups', state: 'stopped', enabled: 'false' }, 'Ensure cups is stopped and disabled'],
    ['service', { service: 'nginx', state: 'reloaded' }, 'Reload nginx when triggered'],
    ['directory', { target_path: '/srv/www' }, 'Create directory /srv/www'],
    [
      'symlink',
      { target_path: '/etc/localtime', link_target: '/usr/share/zoneinfo/UTC' },
      'Link /etc/localtime to /usr/share/zoneinfo/UTC',
    ],
    ['exec', { command: '#!/bin/sh\nset -e\nmake install\n' }, 'Run make install'],
    ['process', { process: 'watchdog', state: 'running' }, 'Ensure process watchdog is running'],
    ['file_line', { target_path: '/etc/hosts', line: '127.0.0.1 x' }, 'Set a line in /etc/hosts'],
    ['blockinfile', { target_path: '/etc/ssh/sshd_config' }, 'Manage a block in /etc/ssh/sshd_config'],
    ['replace', { target_path: '/etc/default/grub' }, 'Replace text in /etc/default/grub'],
    ['field_edit', { target_path: '/etc/fstab', field: '4' }, 'Set field 4 in /etc/fstab'],
    [
      'ini',
      { target_path: '/etc/php.ini', section: 'PHP', key: 'memory_limit' },
      'Set PHP.memory_limit in /etc/php.ini',
    ],
    [
      'json_file',
      { target_path: '/etc/docker/daemon.json', key: 'log-opts.max-size' },
      'Set log-opts.max-size in /etc/docker/daemon.json',
    ],
    ['host', { hostname: 'db1', ip: '10.0.0.7' }, 'Resolve db1 to 10.0.0.7'],
    ['sshkey', { user: 'ops' }, 'Authorise an SSH key for ops'],
    ['user', { username: 'dan' }, 'Manage user dan'],
    ['group', { groupname: 'ops', state: 'absent' }, 'Remove group ops'],
    ['repository', { repository: 'acme-internal' }, 'Add package repository acme-internal'],
    ['container', { container: 'redis', image: 'redis:7-alpine' }, 'Run container redis from redis:7-alpine'],
    ['container', { container: 'redis', state: 'absent' }, 'Remove container redis'],
    ['vm', { vm_name: 'web01', state: 'running' }, 'Ensure virtual machine web01 is running'],
    ['cron', { command: '/usr/bin/backup', schedule: '@daily' }, 'Run /usr/bin/backup at @daily'],
    ['cron', { command: '/usr/bin/backup', minute: '5', hour: '3' }, 'Run /usr/bin/backup at 5 3 * * *'],
    ['mount', { path: '/data', device: '/dev/sdb1' }, 'Mount /dev/sdb1 on /data'],
    [
      'git',
      { path: '/opt/app', repo: 'https://example.com/app.git', branch: 'main' },
      'Clone https://example.com/app.git (main) to /opt/app',
    ],
    [
      'reboot',
      { reboot_required_file: '/var/run/reboot-required' },
      'Restart the machine while /var/run/reboot-required exists',
    ],
    ['source_package', { url: 'https://example.com/src/nano-7.2.tar.gz?x=1' }, 'Build and install nano-7.2.tar.gz'],
    ['nonrepo_package', { artifact: 'alexander4/agent:1.4' }, 'Install agent:1.4 from its artifact'],
    ['firewall', { port: '443', source: '10.0.0.0/8' }, 'Allow tcp 443 from 10.0.0.0/8'],
  ])('of a %s with %o is %s', (type, attributes: Readonly<Record<string, string>>, label) => {
    const schema = resourceSchemas.get(type)
    expect(schema && labelOf(schema, name => attributes[name])).toBe(label)
  })

  test.each(schemas)('of a $type is one short line for any attributes', schema => {
    const label = labelOf(schema, () => `${'x'.repeat(500)}\n# more`)
    expect(label).toMatch(/^[^\n]{1,100}$/)
    expect(labelOf(schema, () => undefined)).not.toContain('undefined')
  })
})

function attributesOf(rule: ResourceRule): readonly string[] {
  return 'attributes' in rule ? rule.attributes : [rule.attribute, rule.other]
}

function statesOf(rule: ResourceRule): readonly string[] {
  return [...('states' in rule ? (rule.states ?? []) : []), ...('exceptIn' in rule ? (rule.exceptIn ?? []) : [])]
}
