import { writeFile } from 'node:fs/promises'
import { beforeAll, expect, test } from 'vitest'
import { exitCode, sh, Trial } from '../fixture.ts'

const SCRIPT = `#!/bin/sh
### BEGIN INIT INFO
# Provides: tested
# Required-Start: $local_fs
# Required-Stop: $local_fs
# Default-Start: 2 3 4 5
# Default-Stop: 0 1 6
# Short-Description: tested
### END INIT INFO
pidfile=/run/tested.pid
case $1 in
  start) start-stop-daemon --start --oknodo --background --make-pidfile --pidfile $pidfile --exec /bin/sleep -- 1000 ;;
  stop) start-stop-daemon --stop --oknodo --remove-pidfile --pidfile $pidfile --retry 5 ;;
  restart) $0 stop; $0 start ;;
  reload) touch /run/tested-reloaded ;;
  status) start-stop-daemon --status --pidfile $pidfile ;;
esac
`

beforeAll(() => writeFile('/etc/init.d/tested', SCRIPT, { mode: 0o755 }))

test('a service of a SysV script is started, enabled, restarted, reloaded, stopped and disabled', async () => {
  const trial = new Trial('service')
  await trial.converge({ service: 'tested', enabled: true })
  expect(await sh('ls /etc/rc2.d | grep tested')).toMatch(/^S\d\dtested$/)
  const pid = await sh('cat /run/tested.pid')
  await trial.converge({ service: 'tested', state: 'restarted' }, { isTriggered: true })
  expect(await sh('cat /run/tested.pid')).not.toBe(pid)
  await trial.converge({ service: 'tested', state: 'reloaded' }, { isTriggered: true })
  expect(await exitCode('test -e /run/tested-reloaded')).toBe(0)
  await trial.converge({ service: 'tested', state: 'stopped', enabled: false })
  expect(await exitCode('pgrep -x sleep -f 1000')).not.toBe(0)
  expect(await trial.check({ service: 'nowhere' }, { isDryRun: true })).toMatchObject({ kind: 'unknown' })
})

test('a SysV service that ends at once is a failure', async () => {
  await writeFile('/etc/init.d/tested', SCRIPT.replace('/bin/sleep -- 1000', '/bin/true'), { mode: 0o755 })
  expect((await new Trial('service').failure({ service: 'tested' })).message).toContain('does not stay up')
})
