import type { Collector } from './collector.ts'
import { optional } from './os.ts'

const MAX_FAILED = 100

interface PackageManager {
  readonly manager: string
  /** It is this one when the file is there. */
  readonly evidence: string
  readonly count: Count
}

type Count =
  | { readonly file: string; readonly line: RegExp }
  | { readonly program: string; readonly args: readonly string[] }

const MANAGERS: readonly PackageManager[] = [
  {
    manager: 'apt',
    evidence: '/var/lib/dpkg/status',
    count: { file: '/var/lib/dpkg/status', line: /^Status: \S+ \S+ installed$/gm },
  },
  { manager: 'apk', evidence: '/lib/apk/db/installed', count: { file: '/lib/apk/db/installed', line: /^P:/gm } },
  { manager: 'dnf', evidence: '/usr/bin/dnf', count: { program: 'rpm', args: ['-qa', '--qf', '%{NAME}\\n'] } },
  { manager: 'yum', evidence: '/usr/bin/yum', count: { program: 'rpm', args: ['-qa', '--qf', '%{NAME}\\n'] } },
  { manager: 'zypper', evidence: '/usr/bin/zypper', count: { program: 'rpm', args: ['-qa', '--qf', '%{NAME}\\n'] } },
  { manager: 'pacman', evidence: '/usr/bin/pacman', count: { program: 'pacman', args: ['-Qq'] } },
]

export const packagesCollector: Collector = {
  name: 'packages',
  freshness: 'periodic',
  collect: async (host, options) => {
    for (const { manager, evidence, count } of MANAGERS) {
      if (!(await host.exists(evidence))) continue
      if ('file' in count) {
        const text = (await host.text(count.file)) ?? ''
        return { packages: { manager, count: text.match(count.line)?.length ?? 0 } }
      }
      const listed = await host.output(count.program, count.args, options)
      return { packages: { manager, ...optional('count', listed?.split('\n').filter(line => line !== '').length) } }
    }
    return { packages: { manager: 'none' } }
  },
}

export const servicesCollector: Collector = {
  name: 'services',
  freshness: 'stable',
  collect: async (host, options) => {
    if (await host.exists('/run/systemd/system')) {
      const args = ['list-units', '--state=failed', '--plain', '--no-legend', '--no-pager']
      const listed = (await host.output('systemctl', args, options)) ?? ''
      const failed = listed
        .split('\n')
        .map(line => line.trim().split(/\s+/)[0] ?? '')
        .filter(unit => unit !== '')
      return { services: { manager: 'systemd', failed: failed.sort().slice(0, MAX_FAILED) } }
    }
    if (await host.exists('/run/openrc')) return { services: { manager: 'openrc', failed: [] } }
    return { services: { manager: (await host.exists('/etc/init.d')) ? 'sysv' : 'none', failed: [] } }
  },
}
