import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { isRoot, makeSandbox } from '../fixture.ts'
import type { RunOptions } from '../machine.ts'
import { BoundedOutput } from './bounded-output.ts'

const options = (given: Partial<RunOptions> = {}): RunOptions => ({
  signal: new AbortController().signal,
  timeoutMs: 10_000,
  ...given,
})
const script = (text: string): [string, string[]] => ['sh', ['-c', text]]

describe('a program that a machine runs', () => {
  test('tells how it ended and what it printed', async () => {
    await using box = await makeSandbox()
    expect(await box.machine.run(...script('echo out; echo err >&2; exit 3'), options())).toEqual({
      exitCode: 3,
      signal: null,
      stdout: 'out\n',
      stderr: 'err\n',
      isTimedOut: false,
    })
    expect(await box.machine.run(...script('kill -9 $$'), options())).toMatchObject({
      exitCode: null,
      signal: 'SIGKILL',
    })
  })

  test('sees nothing of the environment of the agent', async () => {
    await using box = await makeSandbox()
    process.env['VIGO_TEST_LEAK'] = 'hunter2'
    const { stdout } = await box.machine.run('env', [], options({ environment: { A: 'b', LANG: 'C' } }))
    delete process.env['VIGO_TEST_LEAK']
    const names = stdout.split('\n').map(line => line.split('=')[0] ?? '')
    expect(names.toSorted()).toEqual(['', 'A', 'HOME', 'LANG', 'PATH', 'VIGO_ROOT'])
    expect(stdout).toContain(`VIGO_ROOT=${box.root}\n`)
    expect(stdout).toContain('LANG=C\n')
  })

  test('reads what it is given, and nothing otherwise', async () => {
    await using box = await makeSandbox()
    expect(await box.machine.run('cat', [], options({ stdin: 'hello' }))).toMatchObject({ stdout: 'hello' })
    expect(await box.machine.run('cat', [], options())).toMatchObject({ stdout: '', exitCode: 0 })
    const unread = await box.machine.run('true', [], options({ stdin: 'x'.repeat(2 ** 20) }))
    expect(unread.exitCode).toBe(0)
  })

  test('that is not there is told before anything runs', async () => {
    await using box = await makeSandbox()
    await expect(box.machine.run('no-such-program', [], options())).rejects.toMatchObject({ code: 'blocked' })
    await expect(box.machine.run('sh', [], options({ cwd: join(box.root, 'no') }))).rejects.toMatchObject({
      code: 'failed',
    })
    await expect(box.machine.run('sh', [], options({ environment: { PATH: '/nowhere' } }))).rejects.toThrow('/nowhere')
  })

  test('is ended with all that it started when its time is over', async () => {
    await using box = await makeSandbox()
    const [program, args] = script(`sleep 300 & echo $! > ${box.root}/child; trap 'echo ending; exit' TERM; wait`)
    const result = await box.machine.run(program, args, options({ timeoutMs: 300 }))
    expect(result).toMatchObject({ isTimedOut: true, stdout: 'ending\n' })
    expect(isRunning(Number(await readFile(join(box.root, 'child'), 'utf8')))).toBe(false)
  })

  test('that does not end by itself is killed', async () => {
    await using box = await makeSandbox()
    const [program, args] = script(`trap '' TERM; while :; do sleep 0.1; done`)
    const result = await box.machine.run(program, args, options({ timeoutMs: 100 }))
    expect(result).toMatchObject({ isTimedOut: true, exitCode: null, signal: 'SIGKILL' })
  })

  test('is ended when the signal fires, and the reason is thrown', async () => {
    await using box = await makeSandbox()
    const controller = new AbortController()
    const running = box.machine.run(
      ...script(`echo $$ > ${box.root}/pid; exec sleep 300`),
      options({ signal: controller.signal }),
    )
    running.catch(() => undefined)
    const pid = await eventually(async () => Number(await readFile(join(box.root, 'pid'), 'utf8').catch(() => '')))
    controller.abort(new Error('enough'))
    await expect(running).rejects.toThrow('enough')
    expect(isRunning(pid)).toBe(false)
  })

  test('does not keep anybody waiting with what it left behind', async () => {
    await using box = await makeSandbox()
    const [program, args] = script(`sleep 300 & echo $! > ${box.root}/child; echo started`)
    expect(await box.machine.run(program, args, options())).toMatchObject({ exitCode: 0, stdout: 'started\n' })
    const child = Number(await readFile(join(box.root, 'child'), 'utf8'))
    expect(isRunning(child)).toBe(true)
    process.kill(child, 'SIGKILL')
  })

  test('yields to others as it is told', async () => {
    await using box = await makeSandbox()
    const { stdout } = await box.machine.run('nice', [], options({ nice: 7 }))
    expect(Number(stdout)).toBe(7)
    expect(Number((await box.machine.run('nice', [], options({ nice: 19 }))).stdout)).toBe(19)
  })

  test.runIf(isRoot)('runs as the user, with its groups and home, who must exist', async () => {
    await using box = await makeSandbox()
    const [program, args] = script('id -u; id -g; echo $HOME')
    const account = await box.machine.accounts.user('daemon', options())
    const { stdout } = await box.machine.run(program, args, options({ user: 'daemon', cwd: '/' }))
    expect(stdout).toBe(`${account?.uid}\n${account?.gid}\n${account?.home}\n`)
    expect((await box.machine.run('id', ['-G'], options({ user: '54321', cwd: '/' }))).stdout).toBe('54321\n')
    await expect(box.machine.run('id', [], options({ user: 'no-such-user' }))).rejects.toThrow("no user 'no-such-user'")
  })

  test('may outlive the agent', async () => {
    await using box = await makeSandbox()
    const [program, args] = script('exec sleep 300')
    const started = await box.machine.start(program, args, { signal: options().signal })
    expect(isRunning(started.pid)).toBe(true)
    process.kill(started.pid, 'SIGKILL')
    await started.ended
    await expect(box.machine.start('no-such-program', [], { signal: options().signal })).rejects.toMatchObject({
      code: 'blocked',
    })
  })
})

describe('output', () => {
  test('loses its middle when it is too much', async () => {
    await using box = await makeSandbox()
    const [program, args] = script('echo begin; head -c 300000 /dev/zero | tr "\\0" x; echo; echo end')
    const { stdout } = await box.machine.run(program, args, options({ maxOutputBytes: 1000 }))
    expect(stdout).toMatch(/^begin\nx+\n\[\d+ bytes left out\]\nx+\nend\n$/)
    expect(stdout.length).toBeLessThan(1100)
  })

  test.each([1, 3, 7, 64])('is whole when it fits, in pieces of %i bytes', size => {
    const output = new BoundedOutput(100)
    const text = 'grüße '.repeat(10)
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; at += size) output.add(bytes.subarray(at, at + size))
    expect(output.text).toBe(text)
  })

  test('tells how much was left out', () => {
    const output = new BoundedOutput(10)
    for (let at = 0; at < 100; at++) output.add(Buffer.from([65 + (at % 26)]))
    expect(output.text).toBe('ABCDE\n[90 bytes left out]\nRSTUV')
  })
})

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function eventually(look: () => Promise<number>): Promise<number> {
  for (const deadline = performance.now() + 10_000; performance.now() < deadline; await sleep(10)) {
    const found = await look()
    if (found > 0) return found
  }
  throw new Error('it did not happen')
}
