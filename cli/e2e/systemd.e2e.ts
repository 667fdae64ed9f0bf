import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SystemdMachine } from '../../node/envoy/machines/systemd-machine.ts'
import { until as eventually } from './fixture.ts'

const run = promisify(execFile)
const top = fileURLToPath(new URL('../..', import.meta.url))
const whyNot = SystemdMachine.whyNot()
const namespace = `vigo-e2e-${process.pid}`

/** Starting a daemon for the first time takes a while where everything is cold. */
const until: typeof eventually = (what, look) => eventually(what, look, 90_000)

let server: SystemdMachine
let envoy: SystemdMachine

/** A machine with the programs where a package would put them, and the packaged units. */
async function install(): Promise<SystemdMachine> {
  const machine = await SystemdMachine.start({ network: `ns:/run/netns/${namespace}`, folders: { '/opt/vigo': top } })
  for (const program of ['vigo', 'vigosrv', 'vigocli']) {
    await machine.mustExec('ln', ['-s', `/opt/vigo/cli/bin/${program}`, `/usr/bin/${program}`])
  }
  for (const unit of ['vigosrv.service', 'vigo-agent.service']) {
    await machine.write(`/etc/systemd/system/${unit}`, await readFile(join(top, 'packaging/systemd', unit), 'utf8'))
  }
  await machine.mustExec('systemctl', ['daemon-reload'])
  return machine
}

const isActive = async (machine: SystemdMachine, unit: string): Promise<boolean> =>
  (await machine.exec('systemctl', ['is-active', unit])).stdout.trim() === 'active'

const textOf = async (machine: SystemdMachine, path: string): Promise<string> =>
  (await machine.exec('cat', [path])).stdout

const publish = (): Promise<string> => server.sh('vigocli config publish')

describe.skipIf(whyNot !== null)(`two systemd machines${whyNot === null ? '' : ` (skipped: ${whyNot})`}`, () => {
  beforeAll(async () => {
    await run('ip', ['netns', 'add', namespace])
    await run('ip', ['-n', namespace, 'link', 'set', 'lo', 'up'])
    server = await install()
    envoy = await install()
  })
  afterAll(async () => {
    await server?.stop()
    await envoy?.stop()
    await run('ip', ['netns', 'del', namespace])
  })

  test('the tutorial works with the packaged units: found, enrol, publish, converge, correct drift', async () => {
    const listen = '--listen /ip4/127.0.0.1/tcp/1531 --enrol-listen /ip4/127.0.0.1/tcp/1530'
    await server.sh(
      `vigosrv init --hostname server --no-mdns ${listen} --api-listen http://127.0.0.1:8080 --checkin-interval 2s`,
    )
    await server.sh('systemctl enable --now vigosrv')
    await until('the server answers', async () => (await server.exec('vigocli', ['status'])).exitCode === 0)
    const url = (await server.sh('vigosrv token create')).trim()
    await envoy.sh(`vigo enroll '${url}' --hostname node1 --listen /ip4/127.0.0.1/tcp/1532`)
    await envoy.sh('systemctl enable --now vigo-agent')
    await server.write(
      '/srv/vigo/stacks/configcrates/motd.vgo',
      'configcrate: motd\nresources:\n  - type: file\n    target_path: /etc/motd\n    content: |\n      Managed by Vigo. Do not edit by hand.\n    mode: "0644"\n',
    )
    await server.write('/srv/vigo/stacks/envoys.vgo', 'envoys:\n  - match: "*"\n    configcrates: [motd]\n')
    expect(await publish()).toContain('Published: 1 configcrate')
    const motd = 'Managed by Vigo. Do not edit by hand.\n'
    await until('the machine converges', async () => (await textOf(envoy, '/etc/motd')) === motd)
    await envoy.sh('echo edited >> /etc/motd')
    await until('drift is corrected', async () => (await textOf(envoy, '/etc/motd')) === motd)
    await until('the server knows', async () => /node1 .*converged/.test(await server.sh('vigocli envoys list')))
  })

  test('a service with its unit, user and configuration is brought up, and up again when somebody stops it', async () => {
    await server.write(
      '/srv/vigo/stacks/configcrates/beat.vgo',
      `name: beat
resources:
  - name: beat-user
    type: user
    username: beat
    system: true
  - name: beat-config
    type: file
    target_path: /etc/beat.conf
    content: "every=1\\n"
    owner: root
    group: root
    mode: "0644"
    notify: beat-service
  - name: beat-unit
    type: file
    target_path: /etc/systemd/system/beat.service
    content: |
      [Service]
      User=beat
      ExecStart=/bin/sh -c 'cat /etc/beat.conf; exec sleep infinity'
      [Install]
      WantedBy=multi-user.target
    owner: root
    group: root
    mode: "0644"
    depends_on: beat-user
  - name: beat-service
    type: service
    service: beat
    state: running
    enabled: true
    depends_on: [beat-unit, beat-config]
`,
    )
    await server.write('/srv/vigo/stacks/envoys.vgo', 'envoys:\n  - match: "*"\n    configcrates: [motd, beat]\n')
    await publish()
    await until('the service runs', () => isActive(envoy, 'beat'))
    expect(await envoy.sh('systemctl is-enabled beat')).toBe('enabled')
    expect(await envoy.sh('ps -o user= -C sleep')).toMatch(/beat/)
    await envoy.sh('systemctl stop beat')
    await until('the service runs again', () => isActive(envoy, 'beat'))
    await until('the server knows', async () => /node1 .*converged/.test(await server.sh('vigocli envoys list')))
  })

  test('both daemons stop and start as units do, and survive being killed', async () => {
    await server.sh('systemctl reload vigosrv')
    await server.sh('systemctl kill --signal=SIGKILL vigosrv')
    await envoy.sh('systemctl kill --signal=SIGKILL vigo-agent')
    await until('the server is back', async () => (await server.exec('vigocli', ['status'])).exitCode === 0)
    await until('the agent is back', async () => (await envoy.exec('vigo', ['status'])).exitCode === 0)
    await envoy.sh('echo edited >> /etc/motd')
    await until('drift is corrected', async () => !(await textOf(envoy, '/etc/motd')).includes('edited'))
    await envoy.sh('systemctl stop vigo-agent')
    await server.sh('systemctl stop vigosrv')
    for (const [machine, unit] of [
      [envoy, 'vigo-agent'],
      [server, 'vigosrv'],
    ] as const) {
      expect((await machine.sh(`systemctl show -p Result --value ${unit}`)).trim()).toBe('success')
    }
  })
})
