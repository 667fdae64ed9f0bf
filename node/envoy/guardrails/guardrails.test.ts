import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AttributeValue } from '#config/lang'
import { mayEndAgent, refusalOf, refusalOfCommand } from './index.ts'
import { ownPaths } from './own.ts'
import { plainPath, relationOf } from './path.ts'

const of = (type: string, attributes: Record<string, AttributeValue>) => refusalOf({ type, attributes })

/** The same path in other words. */
const detours = fc.constantFrom('/', '//', '/./', '/x/../', '/.//y/z/../../')
const disguised = (path: string) =>
  fc.array(detours, { minLength: 1, maxLength: 8 }).map(list => {
    const segments = path.slice(1).split('/')
    return segments.map((segment, at) => `${list[at % list.length]}${segment}`).join('')
  })
const ownPath = fc.constantFrom(...ownPaths).chain(path => disguised(path))
const beside = fc.constantFrom(
  '/etc/vigor',
  '/etc/motd',
  '/var/lib/vigo2/x',
  '/srv/www',
  '/usr/bin/vigox',
  '/opt/app/vigo',
)

describe('paths', () => {
  test('of vigo are found however they are written, with everything below them', () => {
    fc.assert(
      fc.property(ownPath, fc.constantFrom('', '/', '/a', '/a/../b', '//c'), (path, below) => {
        expect(relationOf(path + below)).toBe('inside')
        for (const type of [
          'file',
          'directory',
          'symlink',
          'file_line',
          'blockinfile',
          'ini',
          'json_file',
          'replace',
          'field_edit',
        ]) {
          expect(of(type, { target_path: path + below })).toContain('belongs to vigo')
        }
        expect(of('git', { path })).not.toBeNull()
        expect(refusalOfCommand(`rm -f '${path}${below}'`)).not.toBeNull()
        expect(refusalOfCommand(`echo x >> "${path}${below}"`)).not.toBeNull()
      }),
    )
  })

  test('of others are free', () => {
    fc.assert(
      fc.property(beside, detours, (path, detour) => {
        expect(relationOf(detour + path)).toBe('elsewhere')
        expect(of('file', { target_path: detour + path })).toBeNull()
        expect(refusalOfCommand(`rm -rf ${detour}${path}`)).toBeNull()
      }),
    )
  })

  test('are made plain once: a plain path stays as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('/', '.', 'a', 'run', 'var', 'bin') }), text => {
        const plain = plainPath(`/${text}`)
        expect(plainPath(plain)).toBe(plain)
        expect(plain).not.toMatch(/\/\/|\/\.\.?(?:\/|$)/)
      }),
    )
  })

  test.each([
    ['/var/run/vigo/agent.sock', 'inside'],
    ['/proc/self/root/etc/vigo/agent.yaml', 'inside'],
    ['/proc/1/root/proc/self/root/srv/vigo', 'inside'],
    ['/bin/vigo', 'inside'],
    ['/etc/systemd/system/vigo.service.d/x.conf', 'inside'],
    ['/var/lib/vig*/x', 'inside'],
    ['/var/lib/{vigo,other}', 'inside'],
    ['/var/lib/*', 'inside'],
    ['/*', 'above'],
    ['/', 'above'],
    ['/etc', 'above'],
    ['/home', 'elsewhere'],
    ['/etc/vigo/executors/greet', 'elsewhere'],
    ['/etc/vigo/executors/../agent.yaml', 'inside'],
    ['/etc/vigo/exec*', 'inside'],
  ])('%s is %s', (path, relation) => {
    expect(relationOf(path)).toBe(relation)
  })

  test('below the root of a sandboxed agent are its own too', () => {
    const root = '/tmp/lab/envoy1'
    expect(relationOf('/tmp/lab/envoy1/var/lib/vigo/db', { root })).toBe('inside')
    expect(relationOf('/tmp/lab', { root })).toBe('above')
    expect(relationOf('/tmp/lab/envoy1/home', { root })).toBe('elsewhere')
    expect(relationOf('/tmp/other', { root })).toBe('elsewhere')
  })
})

describe('resources', () => {
  test.each<[string, Record<string, AttributeValue>]>([
    ['directory', { target_path: '/var/lib', state: 'absent' }],
    ['directory', { target_path: '/etc', state: 'present', recurse: true }],
    ['symlink', { target_path: '/srv' }],
    ['git', { path: '/etc' }],
    ['mount', { path: '/var/lib/vigo' }],
    ['user', { username: 'x', home: '/var/lib/vigo' }],
    ['user', { username: 'x', home: '/var', state: 'absent' }],
    ['user', { username: 'root', state: 'absent' }],
    ['group', { groupname: 'root', state: 'absent' }],
    ['service', { service: 'vigo', state: 'stopped' }],
    ['service', { service: 'vigosrv.service', state: 'running', enabled: false }],
    ['service', { service: 'x', state: 'restarted', restart_command: 'systemctl stop vigo' }],
    ['process', { process: 'vigo', state: 'stopped' }],
    ['package', { package: ['nginx', 'vigo'], state: 'absent' }],
    ['package', { package: ['*'], state: 'absent' }],
    ['package', { package: ['vigo:amd64'], state: 'absent', purge: true }],
    ['nonrepo_package', { package: 'vigosrv', state: 'absent' }],
    ['exec', { command: 'rm -rf vigo', cwd: '/var/lib' }],
    ['exec', { command: 'true', unless: 'rm -rf /' }],
    ['cron', { command: 'pkill vigo' }],
    ['file', { target_path: '/etc/x', validate: 'tee /etc/vigo/agent.yaml < %' }],
    ['container', { volumes: ['/var/lib/vigo:/data'] }],
  ])('%s %j is refused', (type, attributes) => {
    expect(of(type, attributes)).not.toBeNull()
  })

  test.each<[string, Record<string, AttributeValue>]>([
    ['directory', { target_path: '/etc', state: 'present', recurse: false }],
    ['mount', { path: '/var/lib', state: 'mounted' }],
    ['service', { service: 'vigo', state: 'running', enabled: true }],
    ['service', { service: 'nginx', state: 'stopped', enabled: false }],
    ['package', { package: ['vigo'], state: 'latest' }],
    ['package', { package: ['*'], state: 'latest' }],
    ['package', { package: ['vim'], state: 'absent' }],
    ['source_package', { prefix: '/usr/local', install_command: 'make install' }],
    ['user', { username: 'deploy', home: '/home/deploy', manage_home: true }],
    ['exec', { command: 'cat /etc/vigo/agent.yaml; cp /etc/vigo/agent.yaml /tmp/x' }],
    ['container', { command: 'rm -rf /etc/vigo', volumes: ['data:/var/lib/vigo'] }],
  ])('%s %j is free', (type, attributes) => {
    expect(of(type, attributes)).toBeNull()
  })

  test('are refused for a command in their condition', () => {
    const when = (text: string) => refusalOf({ type: 'file', attributes: { target_path: '/etc/x' }, when: text })
    expect(when("is_container && command_succeeds('rm -rf /etc/vigo')")).not.toBeNull()
    expect(when(`command_succeeds("sh -c 'rm -rf \\"/etc/vigo\\"'")`)).not.toBeNull()
    expect(when("command_succeeds('test -e /etc/vigo')")).toBeNull()
  })

  test('that may end the agent are known', () => {
    expect(mayEndAgent({ type: 'reboot', attributes: {} })).toBe(true)
    expect(mayEndAgent({ type: 'service', attributes: { service: 'vigo', state: 'restarted' } })).toBe(true)
    expect(mayEndAgent({ type: 'service', attributes: { service: 'nginx', state: 'restarted' } })).toBe(false)
  })
})

describe('commands', () => {
  test.each([
    'rm -rf /',
    'rm -rf --no-preserve-root /',
    'rm -rf /*',
    'sudo rm -rf /var/lib/*',
    'sudo -u root sh -c "rm -r /etc"',
    'cd /var/lib && rm -rf vigo',
    'cd /; cd var; rm -rf lib',
    'true; FOO=1 nice -n 5 rm -rf /srv/vigo',
    'if true; then rm -rf /etc/vigo; fi',
    'x=$(rm -rf /etc/vigo)',
    'echo "`rm -rf /etc/vigo`"',
    'echo "$(rm -rf /etc/vigo)"',
    "bash -lc 'rm -rf /etc/vigo'",
    'eval "rm -rf /etc/vigo"',
    'bash <<EOF\nrm -rf /etc/vigo\nEOF\n',
    'rm -rf /et"c"/vi\\go',
    'find /var/lib/vigo -delete',
    'find / -delete',
    'find /etc/vigo -exec rm {} +',
    'mv /var/lib /old',
    'chmod -R 777 /',
    'chown -R www /etc',
    'ln -sf /dev/null /etc/systemd/system/vigo.service',
    'cat x > /etc/vigo/agent.yaml',
    'cat x >| /etc/vigo/agent.yaml',
    'cat x &> /etc/vigo/agent.yaml',
    'cat x 2>>/etc/vigo/agent.yaml',
    'dd if=/dev/zero of=/dev/sda bs=1M',
    'cat image > /dev/nvme0n1',
    'mkfs.ext4 -F /dev/vda1',
    'wipefs -a /dev/sdb',
    ':(){ :|:& };:',
    'b() { b | b & }; b',
    'systemctl stop vigo',
    'systemctl disable --now vigo.service',
    'systemctl mask vigo-agent',
    'systemctl stop "vigo*"',
    'service vigosrv stop',
    '/etc/init.d/vigo stop',
    'update-rc.d vigo disable',
    'pkill -9 vigo',
    'killall vigosrv',
    'kill -9 -1',
    'apt-get remove -y vigo',
    'apt purge vigo*',
    'dpkg -P vigo',
    'rpm -e vigosrv',
    'apk del vigo',
    'rsync -a --delete empty/ /var/lib/',
    'sed -i s/a/b/ /etc/vigo/agent.yaml',
  ])('%s is refused', command => {
    expect(refusalOfCommand(command)).not.toBeNull()
  })

  test.each([
    'uptime',
    'rm -rf /tmp/build /var/cache/app',
    'rm -f /etc/motd',
    'echo "rm -rf /etc/vigo"',
    "cat > /tmp/note <<'EOF'\nrm -rf /etc/vigo\nEOF\n",
    '# rm -rf /etc/vigo\ntrue',
    'systemctl restart vigo',
    'systemctl status vigo',
    'systemctl stop nginx',
    'apt-get install -y vigo',
    'apt-get remove -y vim',
    'ls -la /etc/vigo /var/lib/vigo',
    'find /var/log -name "*.gz" -delete',
    'find / -name "*.pyc" -delete',
    'tar czf /backup/vigo.tgz /var/lib/vigo',
    'dd if=/dev/zero of=/tmp/x bs=1M count=1',
    'fdisk -l /dev/sda',
    'kill -HUP 123',
    'pkill nginx',
    'echo a{1,2} > /tmp/x',
    'test -f /etc/vigo/agent.yaml && echo yes',
    "awk '{print $1}' /etc/passwd",
    '',
  ])('%s is free', command => {
    expect(refusalOfCommand(command)).toBeNull()
  })

  test('of any text are read in bounded time and never break the reader', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(
            '"',
            "'",
            '`',
            '$(',
            ')',
            '\\',
            '<<E',
            '\n',
            'rm ',
            '/',
            '>',
            '{',
            '}',
            ';',
            ' ',
            '*',
            '[',
          ),
          maxLength: 200,
        }),
        text => {
          const found = refusalOfCommand(text)
          expect(found === null || found.length > 0).toBe(true)
        },
      ),
    )
    expect(refusalOfCommand('$('.repeat(50_000))).toBeNull()
    expect(refusalOfCommand(`"${'$('.repeat(50_000)}`)).toBeNull()
    expect(refusalOfCommand(`rm ${'*?'.repeat(100)}x /${'*a'.repeat(100)}`)).toBeNull()
    expect(refusalOfCommand(`rm -rf ${'{'.repeat(5_000)}${'*'.repeat(5_000)}`)).toBeNull()
  })
})
