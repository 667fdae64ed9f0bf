import { describe, expect, test } from 'vitest'
import { executorCompliance } from '../executors.compliance.ts'
import { applyTo, attributesFor, makeSandbox, runOptions } from '../fixture.ts'
import { cronExecutor } from './cron.ts'

const job = (given: object = {}) => attributesFor('cron', { cron: 'backup', command: '/usr/bin/backup', ...given })

executorCompliance(cronExecutor, {
  makeMachine: makeSandbox,
  cases: [
    {
      name: 'a job',
      attributes: job({ schedule: '15 3 * * 1-5', environment: { TOKEN: 'hunter2' } }),
      starts: {
        'where there is none': box => box.folder('/etc/cron.d'),
        'where there is another one': box => box.put('/etc/cron.d/backup', 'x\n'),
      },
      secrets: ['hunter2'],
      path: '/etc/cron.d/backup',
    },
    {
      name: 'no job',
      attributes: job({ state: 'absent' }),
      starts: { 'where there is one': box => box.put('/etc/cron.d/backup', 'x\n') },
      path: '/etc/cron.d/backup',
    },
  ],
})

describe('a job of cron', () => {
  test.each([
    [{ minute: '5', hour: '3' }, '5 3 * * * root /usr/bin/backup\n'],
    [{ schedule: '@daily', minute: '5', user: 'ops' }, '@daily ops /usr/bin/backup\n'],
    [{ environment: { MAILTO: 'a@b', X: '1 2' } }, 'MAILTO="a@b"\nX="1 2"\n* * * * * root /usr/bin/backup\n'],
  ])('with %j is a line of a table', async (given, line) => {
    await using box = await makeSandbox()
    await box.folder('/etc/cron.d')
    await applyTo(box, cronExecutor, job(given))
    expect(await box.read('/etc/cron.d/backup')).toBe(`# Managed by Vigo: changes are put right again.\n${line}`)
  })

  test('is called after its resource when it has no name, in letters that cron reads', async () => {
    await using box = await makeSandbox()
    await box.folder('/etc/cron.d')
    await applyTo(box, cronExecutor, job({ cron: undefined }), runOptions({ name: 'nightly ../backup.v2' }))
    expect(await box.read('/etc/cron.d/nightly----backup-v2')).toContain('/usr/bin/backup')
  })

  test.each([
    { command: 'a\nb' },
    { environment: { 'A B': 'x' } },
    { environment: { A: 'x\n* * * * * root evil' } },
    { user: 'a b' },
  ])('that would be more than its line is refused: %j', async given => {
    await using box = await makeSandbox()
    await box.folder('/etc/cron.d')
    await expect(cronExecutor.check(job(given), box.machine, runOptions())).rejects.toMatchObject({ code: 'failed' })
  })
})
