import { lstat, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { executorCompliance } from '../executors.compliance.ts'
import { applyTo, attributesFor, isRoot, makeSandbox, runOptions, type Sandbox } from '../fixture.ts'
import { execExecutor } from './exec.ts'

const exec = (given: object) => attributesFor('exec', { command: 'echo ran > "$VIGO_ROOT/ran"', ...given })
const triggered = runOptions({ isTriggered: true })
const apply = (box: Sandbox, given: object) => applyTo(box, execExecutor, exec(given), triggered)

executorCompliance(execExecutor, {
  makeMachine: makeSandbox,
  cases: [
    {
      name: 'a command with a guard',
      attributes: exec({ unless: 'test -e "$VIGO_ROOT/ran"', environment: { TOKEN: 'hunter2' } }),
      starts: { 'that does not hold': async () => undefined },
      secrets: ['hunter2'],
    },
    {
      name: 'a triggered command with secrets',
      attributes: exec({ command: 'cat {{secret_file}} > "$VIGO_ROOT/ran"; echo hunter3', secret_file: 'hunter2' }),
      starts: { 'after a change': async () => undefined },
      options: { isTriggered: true },
      secrets: ['hunter2', 'hunter3'],
    },
  ],
})

describe('a command', () => {
  test.each<[object, boolean, string]>([
    [{ unless: 'false' }, false, 'different'],
    [{ unless: 'true' }, false, 'skipped'],
    [{ unless: 'true' }, true, 'skipped'],
    [{ onlyif: 'true' }, false, 'different'],
    [{ onlyif: 'exit 3' }, true, 'skipped'],
    [{ onlyif: 'true', unless: 'true' }, false, 'skipped'],
    [{}, false, 'skipped'],
    [{}, true, 'different'],
  ])('with %j, triggered %s, is %s', async (given, isTriggered, kind) => {
    await using box = await makeSandbox()
    expect(await execExecutor.check(exec(given), box.machine, runOptions({ isTriggered }))).toMatchObject({ kind })
  })

  test('runs in its directory below the root, with its variables', async () => {
    await using box = await makeSandbox()
    await box.folder('/srv/app')
    const { output } = await apply(box, {
      command: 'pwd; echo "$A $VIGO_SHELL_COMMAND"',
      cwd: '/srv/app',
      environment: { A: 'b c' },
    })
    expect(output).toBe(`${box.root}/srv/app\nb c \n`)
  })

  test('is a whole script', async () => {
    await using box = await makeSandbox()
    const command =
      '#!/bin/sh\nset -eu\nfor a in 1 2; do\n  echo "it\'s $a"\ndone\ncat <<EOF\n$(echo "x")\nEOF\nexit 0\necho no\n'
    expect(await apply(box, { command })).toMatchObject({ output: "it's 1\nit's 2\nx\n" })
  })

  test('fails with its exit code and its last words, unless that code is fine', async () => {
    await using box = await makeSandbox()
    const command = 'echo begin; echo went wrong >&2; exit 3'
    await expect(apply(box, { command })).rejects.toThrow('the command ended with exit code 3: went wrong')
    await expect(apply(box, { command, logoutput: false })).rejects.toThrow(/exit code 3$/)
    expect(await apply(box, { command, returns: ['0', '3'] })).toMatchObject({ output: 'begin\n\nwent wrong\n' })
    expect(await apply(box, { command, returns: ['3'], logoutput: false })).not.toHaveProperty('output')
    await expect(apply(box, { command: 'kill -9 $$', returns: ['0'] })).rejects.toThrow('was ended by SIGKILL')
  })

  test('is ended when its time is over', async () => {
    await using box = await makeSandbox()
    await expect(apply(box, { command: 'sleep 60', timeout: 1 })).rejects.toThrow(
      'did not end within 1 s and was ended',
    )
    await expect(
      execExecutor.check(exec({ unless: 'sleep 60', timeout: 1 }), box.machine, runOptions()),
    ).rejects.toThrow("the guard 'unless' did not end")
  })

  test('reads what it is given', async () => {
    await using box = await makeSandbox()
    expect(await apply(box, { command: 'cat', stdin: 'hello' })).toMatchObject({ output: 'hello' })
  })

  test('finds its secret in a file for it alone, which is gone afterwards', async () => {
    await using box = await makeSandbox()
    const command = 'stat -c %a {{ secret_file }}; cat {{secret_file}} > "$VIGO_ROOT/copy"; echo {{secret_file}}'
    const { output = '' } = await apply(box, { command, secret_file: 'hunter2' })
    expect(output).toMatch(/^600\n/)
    expect(await box.read('/copy')).toBe('hunter2')
    await expect(lstat(output.split('\n')[1] ?? '')).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(apply(box, { command })).rejects.toThrow("'secret_file' is not given")
  })

  test.runIf(isRoot)('of another user finds its secret, and another user does not', async () => {
    await using box = await makeSandbox()
    const command = 'cat {{secret_file}}'
    expect(await apply(box, { command, secret_file: 'hunter2', user: 'daemon' })).toMatchObject({ output: 'hunter2' })
    const spying = apply(box, {
      command: 'setpriv --reuid=54321 --clear-groups cat {{secret_file}}',
      secret_file: 'hunter2',
    })
    await expect(spying).rejects.toThrow('Permission denied')
  })

  test('clears away secrets that killed agents left', async () => {
    await using box = await makeSandbox()
    const left = join(tmpdir(), '.vigo-4194303999-0123456789ab.tmp')
    await mkdir(join(left, 'x'), { recursive: true })
    await apply(box, { command: 'true', secret_file: 'hunter2' })
    expect(await readdir(tmpdir())).not.toContain('.vigo-4194303999-0123456789ab.tmp')
    await rm(left, { recursive: true, force: true })
  })

  test('in the background is not waited for, yields to all, and keeps its secret until it ends', async () => {
    await using box = await makeSandbox()
    const command =
      'echo $$ {{secret_file}} > "$VIGO_ROOT/started.new"; mv "$VIGO_ROOT/started.new" "$VIGO_ROOT/started"; nice > "$VIGO_ROOT/nice"; sleep 300'
    const { note } = await apply(box, { command, background: true, secret_file: 'hunter2' })
    expect(note).toMatch(/^runs in the background as process \d+$/)
    const [pid = '', secret = ''] = (await eventually(() => box.read('/started'))).trim().split(' ')
    expect(await readFile(secret, 'utf8')).toBe('hunter2')
    expect(await eventually(() => box.read('/nice'))).toBe('19\n')
    process.kill(-Number(pid), 'SIGKILL')
    await eventually(async () => ((await lstat(secret).catch(() => null)) === null ? 'gone' : ''))
  })

  test('whose directory or user is missing is unknown in a dry run, and fails otherwise', async () => {
    await using box = await makeSandbox()
    const given = exec({ cwd: '/no', unless: 'false' })
    expect(await execExecutor.check(given, box.machine, runOptions({ isDryRun: true }))).toMatchObject({
      kind: 'unknown',
    })
    await expect(execExecutor.check(given, box.machine, runOptions())).rejects.toMatchObject({ code: 'failed' })
  })
})

async function eventually(look: () => Promise<string>): Promise<string> {
  for (const deadline = performance.now() + 10_000; performance.now() < deadline; await sleep(10)) {
    const found = await look().catch(() => '')
    if (found !== '') return found
  }
  throw new Error('it did not happen')
}
