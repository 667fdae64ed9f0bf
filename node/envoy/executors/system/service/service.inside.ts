import { rm, writeFile } from 'node:fs/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { exitCode, realMachine, sh, Trial } from '../fixture.ts'
import { forgetUnits, prefetchUnits } from './systemd.ts'

const UNIT = '/etc/systemd/system/tested.service'

async function unit(service: string, install = true): Promise<void> {
  const sections = [`[Service]\n${service}`, ...(install ? ['[Install]\nWantedBy=multi-user.target'] : [])]
  await writeFile(UNIT, `[Unit]\nDescription=Tested\n${sections.join('\n')}\n`)
  await sh('systemctl daemon-reload')
}

afterEach(async () => {
  await sh(
    'systemctl kill -s KILL tested 2>/dev/null || true; systemctl unmask tested -q; systemctl disable -q tested || true',
  )
  await sh('systemctl stop tested 2>/dev/null || true; systemctl reset-failed 2>/dev/null || true')
  await rm(UNIT, { force: true })
  await sh('systemctl daemon-reload')
})

describe('a service of systemd', () => {
  test('is started and enabled, stopped and disabled, and left alone where nothing is said', async () => {
    await unit('ExecStart=/bin/sleep infinity')
    const trial = new Trial('service')
    const { changes } = await trial.converge({ service: 'tested', enabled: true })
    expect(changes).toEqual([
      { attribute: 'state', from: 'inactive (dead)', to: 'running' },
      { attribute: 'enabled', from: 'false', to: 'true' },
    ])
    expect(await sh('systemctl is-active tested; systemctl is-enabled tested.service')).toBe('active\nenabled')
    await trial.converge({ service: 'tested.service', state: 'stopped' })
    expect(await sh('systemctl is-enabled tested')).toBe('enabled')
    await trial.converge({ service: 'tested', state: 'stopped', enabled: false })
    expect(await exitCode('systemctl is-enabled -q tested || systemctl is-active -q tested')).not.toBe(0)
  })

  test('is restarted and reloaded when triggered, and only then', async () => {
    await unit('ExecStart=/bin/sleep infinity\nExecReload=/bin/touch /run/tested-reloaded')
    const trial = new Trial('service')
    await trial.converge({ service: 'tested' })
    const pid = await sh('systemctl show -P MainPID tested')
    expect(await trial.check({ service: 'tested', state: 'restarted' })).toMatchObject({ kind: 'skipped' })
    await trial.converge({ service: 'tested', state: 'restarted' }, { isTriggered: true })
    expect(await sh('systemctl show -P MainPID tested')).not.toBe(pid)
    await trial.converge({ service: 'tested', state: 'reloaded' }, { isTriggered: true })
    expect(await exitCode('test -e /run/tested-reloaded')).toBe(0)
  })

  test('is restarted by a command of its own where one is given, whose failure is told', async () => {
    await unit('ExecStart=/bin/sleep infinity')
    const trial = new Trial('service')
    await trial.converge({ service: 'tested' })
    const command = 'echo "$$" > /run/own-restart; systemctl restart tested'
    await trial.converge({ service: 'tested', state: 'restarted', restart_command: command }, { isTriggered: true })
    expect(await exitCode('test -s /run/own-restart')).toBe(0)
    const failing = { service: 'tested', state: 'restarted', restart_command: 'echo no such luck >&2; exit 3' } as const
    const { message } = await trial.failure(failing, { isTriggered: true })
    expect(message).toContain('restart_command of tested.service ended with exit code 3: no such luck')
  })

  test('that ends right after its start is a failure that names it and tells the end of its log', async () => {
    await unit('ExecStart=/bin/sh -c "echo bind: address already in use; sleep 0.2; exit 7"')
    const { message, code } = await new Trial('service').failure({ service: 'tested' })
    expect(code).toBe('failed')
    expect(message).toContain('tested.service does not stay up')
    expect(message).toContain('address already in use')
  })

  test('that starts again and again does not run', async () => {
    await unit('ExecStart=/bin/false\nRestart=always\nRestartSec=60')
    const trial = new Trial('service')
    expect((await trial.failure({ service: 'tested' })).message).toContain('does not stay up')
    expect(await trial.check({ service: 'tested' })).toMatchObject({ kind: 'different' })
    await trial.converge({ service: 'tested', state: 'stopped' })
  })

  test('that hangs when it is restarted ends at its time, with what it is doing', async () => {
    await unit('Type=notify\nExecStart=/bin/sh -c "echo waiting for the database; sleep 100"\nTimeoutStartSec=60')
    const trial = new Trial('service')
    const { message } = await trial.failure(
      { service: 'tested', state: 'restarted', timeout: 3 },
      { isTriggered: true },
    )
    expect(message).toContain('tested.service did not restart within 3 s')
    expect(message).toContain('activating')
    expect(message).toContain('waiting for the database')
  })

  test('has its changed unit file read before it is started', async () => {
    await unit('ExecStart=/bin/sleep 1000')
    await sh(`sed -i s/1000/2000/ ${UNIT}`)
    await new Trial('service').converge({ service: 'tested' })
    expect(await sh('cat /proc/$(systemctl show -P MainPID tested)/cmdline | tr "\\0" " "')).toBe('/bin/sleep 2000')
  })

  test('that is masked is reported, and is as it should be when it is to be stopped', async () => {
    await sh('systemctl mask -q tested')
    const trial = new Trial('service')
    await expect(trial.check({ service: 'tested' })).rejects.toMatchObject({
      code: 'blocked',
      message: "tested.service is masked; run 'systemctl unmask tested.service' if it may run",
    })
    expect(await trial.check({ service: 'tested', state: 'stopped', enabled: false })).toEqual({ kind: 'compliant' })
  })

  test('that does not exist is not known in a dry run, failed in a run, and stopped', async () => {
    const trial = new Trial('service')
    expect(await trial.check({ service: 'nowhere' }, { isDryRun: true })).toMatchObject({ kind: 'unknown' })
    await expect(trial.check({ service: 'nowhere' })).rejects.toMatchObject({ code: 'failed' })
    expect(await trial.check({ service: 'nowhere', state: 'stopped', enabled: false })).toEqual({ kind: 'compliant' })
  })

  test('with a broken unit file is reported', async () => {
    await unit('ExecStart=relative/path')
    await expect(new Trial('service').check({ service: 'tested' })).rejects.toMatchObject({ code: 'blocked' })
  })

  test('that runs once and ends has run when it ended well', async () => {
    await unit('Type=oneshot\nExecStart=/bin/touch /run/tested-once')
    await new Trial('service').converge({ service: 'tested', state: 'restarted' }, { isTriggered: true })
    expect(await exitCode('test -e /run/tested-once')).toBe(0)
    await unit('Type=oneshot\nExecStart=/bin/false')
    const { message } = await new Trial('service').failure({ service: 'tested' })
    expect(message).toContain('tested.service did not start')
  })

  test('that nothing can enable is as it should be', async () => {
    await unit('ExecStart=/bin/sleep infinity', false)
    await new Trial('service').converge({ service: 'tested', enabled: true })
  })

  test('is asked for together with all others, until something is applied', async () => {
    await unit('ExecStart=/bin/sleep infinity')
    const real = realMachine()
    const trial = new Trial('service', real)
    const names = ['dbus', 'systemd-journald', 'tested', 'nowhere']
    await prefetchUnits(real.machine, names, new AbortController().signal)
    expect(real.commands).toHaveLength(1)
    expect(await trial.check({ service: 'dbus' })).toEqual({ kind: 'compliant' })
    expect(await trial.check({ service: 'systemd-journald' })).toEqual({ kind: 'compliant' })
    expect(await trial.check({ service: 'nowhere' }, { isDryRun: true })).toMatchObject({ kind: 'unknown' })
    expect(await trial.check({ service: 'tested' })).toMatchObject({ kind: 'different' })
    expect(real.commands).toHaveLength(1)
    await sh('systemctl start tested')
    forgetUnits(real.machine)
    expect(await trial.check({ service: 'tested' })).toEqual({ kind: 'compliant' })
  })
})
