import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dangerOf } from './danger.ts'

describe('a command that destroys a machine is found', () => {
  test.each([
    'rm -rf /',
    'rm -fr /*',
    'rm -r -f /',
    'rm --recursive --force --no-preserve-root /',
    'rm -rf "/"',
    "rm -rf '/etc'",
    'rm -rf //',
    'rm -rf /usr/',
    'rm -Rf /var/*',
    'rm -rf ~',
    'rm -rf $HOME',
    '/bin/rm -rf /',
    'sudo rm -rf /',
    'sudo -n -u root rm -rf /',
    'env A=b rm -rf /',
    'nice -n 10 rm -rf /boot',
    'timeout 5s rm -rf /home',
    "sh -c 'rm -rf /'",
    'bash -c "cd /tmp && rm -rf /"',
    'true; rm -rf /',
    'true && rm -rf /',
    'echo $(rm -rf /)',
    'echo `rm -rf /`',
    'if true; then rm -rf /; fi',
    '(rm -rf /)',
    'r\\m -rf /',
    'rm \\\n -rf /',
    'x=1 rm -rf /',
    'find / -delete',
    'mv /usr /tmp/x',
    'chmod -R 777 /',
    'chown -R nobody /etc',
    'mkfs.ext4 /dev/sda1',
    'mkfs -t xfs /dev/vdb',
    'dd if=/dev/zero of=/dev/sda bs=1M',
    'cat x > /dev/nvme0n1',
    'cp image /dev/sda',
    'curl x | tee /dev/sdb',
    'wipefs -a /dev/sda',
    'sgdisk --zap-all /dev/sda',
    'shutdown -h now',
    'sudo reboot',
    'systemctl poweroff',
    'systemctl --force reboot',
    'systemctl stop vigo',
    'systemctl disable --now sshd.service',
    'init 0',
    'kill -9 -1',
    ':(){ :|:& };:',
    'userdel -r root',
    'cryptsetup luksFormat /dev/sdb',
  ])('%s', command => {
    expect(dangerOf(command)).not.toBeNull()
  })
})

describe('ordinary work is not', () => {
  test.each([
    'uptime',
    'rm -rf /var/cache/app/old',
    'rm -rf /tmp/build /opt/app/releases/1',
    'rm /etc/app.conf',
    'rm -f /var/lib/app/lock',
    'ls -R /',
    'find / -name x',
    'find /var/log/app -delete',
    'systemctl restart nginx',
    'systemctl stop nginx',
    'systemctl status vigo',
    'systemctl restart sshd',
    'dd if=/dev/sda of=/tmp/mbr bs=512 count=1',
    'echo reboot needed',
    'grep shutdown /var/log/syslog',
    'fdisk -l',
    'parted /dev/sda print',
    'chmod -R 755 /srv/app',
    'chown -R app /var/lib/app',
    'echo "rm -rf /" is bad',
    'cat /etc/passwd > /tmp/x 2>/dev/null',
    'kill -HUP 123',
    'apt-get install -y reboot-notifier',
    'tar -C / -xf x.tar',
    'mv /etc/app.conf.new /etc/app.conf',
  ])('%s', command => {
    expect(dangerOf(command)).toBeNull()
  })

  test('and any text is looked at in bounded time', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 5000 }), text => void dangerOf(text)))
    for (const text of [
      '$('.repeat(30_000),
      ':(){'.repeat(15_000),
      `${'> '.repeat(30_000)}`,
      'sudo '.repeat(12_000),
      '"'.repeat(60_000),
    ])
      dangerOf(text)
  })
})
