import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'

/** A daemon that says when it is up, and whose libraries leave a timer behind. */
const program = `
  import { runUntilSignal } from ${JSON.stringify(new URL('run-until-signal.ts', import.meta.url))}
  await runUntilSignal(async () => {
    setInterval(() => undefined, 60_000)
    process.stdout.write('up')
    return { close: async () => process.stdout.write('closed') }
  })
`

test.each(['SIGTERM', 'SIGINT'] as const)('a daemon ends after %s, whatever is left open', async signal => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { timeout: 30_000 })
  let output = ''
  child.stdout.on('data', data => {
    output += data
    if (output === 'up') child.kill(signal)
  })
  expect(await once(child, 'close')).toEqual([0, null])
  expect(output).toBe('upclosed')
})
