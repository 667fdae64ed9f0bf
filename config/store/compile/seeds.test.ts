import { describe, expect, test } from 'vitest'
import { bundleOf, DEBIAN, storeOf } from '../fixture.ts'
import { containers, machines, tutorial } from '../seeds.ts'

describe('the examples compile as written', () => {
  test('the tutorial puts one file on every host', () => {
    const { resources } = bundleOf(storeOf(tutorial), 'whatever.example.com')
    expect(resources).toEqual([
      {
        id: 'motd/file-etc-motd',
        crate: 'motd',
        name: 'file-etc-motd',
        type: 'file',
        custom: false,
        attributes: {
          target_path: '/etc/motd',
          content: 'Managed by Vigo. Do not edit by hand.\n',
          mode: '0644',
          owner: 'root',
          group: 'root',
          state: 'present',
        },
        when: '',
        dependsOn: [],
        notify: [],
        subscribes: [],
      },
    ])
  })

  test('the containers get the variables of the entry, defaults of their own, and those of the crate that they depend on', () => {
    const bundle = bundleOf(storeOf(containers), 'web1.app.example.com')
    expect(bundle.crates.map(({ name, dependsOn }) => [name, dependsOn])).toEqual([
      ['redis', []],
      ['app-stack', ['redis']],
    ])
    const [redis, app] = bundle.resources
    expect(redis?.attributes).toMatchObject({
      image: 'redis:7-alpine',
      command: 'redis-server --maxmemory 512mb',
      ports: ['6379:6379'],
    })
    expect(app?.attributes).toMatchObject({
      image: 'myregistry.example.com/webapp:v2.1.0',
      env: { REDIS_URL: 'redis://localhost:6379', DATABASE_URL: 'secret:vigo/webapp/database_url' },
    })
    expect(app?.dependsOn).toEqual(['redis/redis-container'])
    expect(bundle.secrets).toEqual(['vigo/webapp/database_url'])
  })

  test('an environment that nothing declares is a label, with a warning', () => {
    const store = storeOf(containers)
    expect(store.diagnostics.map(({ code }) => code)).toEqual(['unknown-environment'])
    expect(bundleOf(store, 'a.app.example.com').environment).toBe('production')
  })

  test('virtual machines are there where the host is a hypervisor', () => {
    const store = storeOf(machines)
    const { resources, artifacts } = bundleOf(store, 'hv1', DEBIAN)
    expect(resources.map(({ id, when }) => [id, when])).toEqual([
      ['vm-edge-relay/ubuntu-base', ''],
      ['vm-edge-relay/edge-relay', ''],
      ['vm-web-fleet/web01', ''],
    ])
    expect(resources[2]?.attributes).toMatchObject({
      memory_mib: 4096,
      vcpu: 4,
      disk_size_gib: 30,
      network_bridge: 'br0',
    })
    expect(artifacts).toEqual(['alexander4/ubuntu-22.04-cloud:1.4'])
  })

  test('and are skipped, with the reason, where it is none', () => {
    const bundle = bundleOf(storeOf(machines), 'hv1', { ...DEBIAN, host_is_libvirt: false })
    expect(bundle.resources).toEqual([])
    expect(bundle.skipped).toContainEqual({ id: 'vm-web-fleet/web01', reason: 'when: host_is_libvirt' })
  })

  test('and are left to the agent while the server does not know', () => {
    const { resources } = bundleOf(storeOf(machines), 'hv1', {})
    expect(resources.map(({ when }) => when)).toEqual(['host_is_libvirt', 'host_is_libvirt', 'host_is_libvirt'])
  })
})
