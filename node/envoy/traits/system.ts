import type { Collector, HostView } from './collector.ts'

const MAX_MOUNTS = 200
const MAX_USERS = 500
const FIRST_PERSON = 1000
const NOBODY = 65_534

/** File systems that hold no files of anybody. */
const KERNEL_TYPES =
  /^(?:proc|sysfs|devtmpfs|devpts|cgroup2?|securityfs|pstore|bpf|tracefs|debugfs|mqueue|hugetlbfs|autofs|configfs|fusectl|binfmt_misc|efivarfs|rpc_pipefs|nsfs|ramfs)$/

/** Of the kernel, of sessions, and of containers, which come and go. */
const FLEETING_PATHS =
  /^\/(?:proc|sys|dev|run\/(?:user|credentials|netns|docker|containerd))(?:\/|$)|\/(?:overlay2?|[a-z]+-containers|containers|containerd|docker|kubelet)\/./

export const mountsCollector: Collector = {
  name: 'mounts',
  freshness: 'volatile',
  collect: async host => {
    const mounts = ((await host.text('/proc/self/mounts')) ?? '')
      .split('\n')
      .map(line => line.split(' ').map(unescaped))
      .filter(([, path, type]) => path !== undefined && type !== undefined && !KERNEL_TYPES.test(type))
      .filter(([, path]) => !FLEETING_PATHS.test(path ?? ''))
      .map(([device, path, fstype]) => ({ path, device, fstype }))
    return { mounts: mounts.slice(0, MAX_MOUNTS) }
  },
}

/** Octal escapes of the mount table. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_whole, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}

export const usersCollector: Collector = {
  name: 'users',
  freshness: 'volatile',
  collect: async host => {
    const rows = await accounts(host)
    const people = rows.filter(({ uid }) => uid >= FIRST_PERSON && uid !== NOBODY).map(({ name }) => name)
    return { users: { count: rows.length, people: people.sort().slice(0, MAX_USERS) } }
  },
}

export async function accounts(host: HostView): Promise<{ name: string; uid: number; home: string }[]> {
  return ((await host.text('/etc/passwd')) ?? '')
    .split('\n')
    .map(line => line.split(':'))
    .filter(fields => fields.length >= 7)
    .map(([name = '', , uid = '', , , home = '']) => ({ name, uid: Number(uid), home }))
}

/** `is_container`, `host_is_libvirt`, and what the machine runs in. */
export const virtualisationCollector: Collector = {
  name: 'virtualisation',
  freshness: 'stable',
  collect: async host => {
    const container = await containerOf(host)
    const isLibvirt =
      (await host.exists('/run/libvirt/libvirt-sock')) || (await host.exists('/var/run/libvirt/libvirt-sock'))
    return {
      is_container: container !== null,
      host_is_libvirt: isLibvirt,
      virtualisation: { kind: container ?? (await hypervisorOf(host)) ?? 'none' },
    }
  },
}

async function containerOf(host: HostView): Promise<string | null> {
  const named = (await host.text('/run/systemd/container'))?.trim()
  if (named !== undefined && named !== '') return named
  if (await host.exists('/run/.containerenv')) return 'podman'
  if (await host.exists('/.dockerenv')) return 'docker'
  const started = /(?:^|\0)container=([^\0]+)/.exec((await host.text('/proc/1/environ')) ?? '')?.[1]
  if (started !== undefined) return started
  const group = (await host.text('/proc/1/cgroup')) ?? ''
  const match = /\/(docker|lxc|kubepods|libpod|containerd)/.exec(group)
  return match?.[1] ?? null
}

const HYPERVISORS: readonly (readonly [RegExp, string])[] = [
  [/kvm|qemu/i, 'kvm'],
  [/vmware/i, 'vmware'],
  [/virtualbox|innotek/i, 'virtualbox'],
  [/xen/i, 'xen'],
  [/microsoft/i, 'hyper-v'],
  [/amazon ec2/i, 'aws'],
  [/google/i, 'gce'],
  [/openstack/i, 'openstack'],
]

async function hypervisorOf(host: HostView): Promise<string | null> {
  const files = ['sys_vendor', 'product_name', 'chassis_vendor']
  const texts = await Promise.all(files.map(file => host.text(`/sys/class/dmi/id/${file}`)))
  const text = texts.join(' ')
  const found = HYPERVISORS.find(([pattern]) => pattern.test(text))?.[1]
  if (found !== undefined) return found
  const cpu = (await host.text('/proc/cpuinfo')) ?? ''
  return /^flags\s*:.*\bhypervisor\b/m.test(cpu) ? 'other' : null
}
