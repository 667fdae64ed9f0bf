import { rm, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { exitCode, sh, Trial } from './fixture.ts'

test('a restart is planned while its file exists, in minutes, once, and can be cancelled', async () => {
  const trial = new Trial('reboot')
  const wanted = { reboot_required_file: '/run/reboot-required', delay_secs: 600, message: 'for the kernel' }
  expect(await trial.check(wanted)).toMatchObject({ kind: 'skipped' })
  await writeFile('/run/reboot-required', '')
  await trial.converge(wanted)
  const at = Number(/USEC=(\d+)/.exec(await sh('cat /run/systemd/shutdown/scheduled'))?.[1]) / 1000
  expect(Math.round((at - Date.now()) / 60_000)).toBe(600)
  await trial.converge({ state: 'absent' })
  expect(await exitCode('test -e /run/systemd/shutdown/scheduled')).toBe(1)
  await rm('/run/reboot-required')
})

test('a restart without a file needs a trigger', async () => {
  const trial = new Trial('reboot')
  expect(await trial.check({ delay_secs: 600 })).toMatchObject({ kind: 'skipped' })
  await trial.converge({ delay_secs: 600 }, { isTriggered: true })
  expect(await trial.check({ delay_secs: 600 }, { isTriggered: true })).toEqual({ kind: 'compliant' })
  await trial.converge({ state: 'absent' })
})
