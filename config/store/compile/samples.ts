import type { Traits } from './traits.ts'

/** Machines that a tree is tried on before anything is known of its hosts: one of each big family. */
export const sampleTraits: ReadonlyMap<string, Traits> = new Map<string, Traits>([
  [
    'debian',
    {
      os: { family: 'debian', distro: 'debian', arch: 'amd64', version: '12', kernel: '6.1.0' },
      network: { hostname: 'sample', fqdn: 'sample.example.com', ip: '192.0.2.10' },
      hardware: { memory_mb: 8192, cpus: 4, arch: 'amd64' },
      is_container: false,
      has_enough_ram: true,
      host_is_libvirt: true,
    },
  ],
  [
    'redhat',
    {
      os: { family: 'redhat', distro: 'rocky', arch: 'arm64', version: '9.4', kernel: '5.14.0' },
      network: { hostname: 'sample', fqdn: 'sample.example.com', ip: '192.0.2.11' },
      hardware: { memory_mb: 2048, cpus: 2, arch: 'arm64' },
      is_container: true,
      has_enough_ram: true,
      host_is_libvirt: false,
    },
  ],
])
