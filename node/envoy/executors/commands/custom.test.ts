import { readFileSync } from 'node:fs'
import { chmod, chown, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { executorCompliance } from '../executors.compliance.ts'
import { applyTo, isRoot, makeSandbox, runOptions, type Sandbox } from '../fixture.ts'
import { customExecutor } from './custom.ts'
import { answerOf } from './custom-answer.ts'

const SCRIPT = '/etc/vigo/executors/flag'
const executor = customExecutor('flag')

/** The example of the documents: wants the file `/run/flag` to hold the parameter `text`. */
const [, FLAG = ''] =
  /```sh\n(#!.*?)```/s.exec(readFileSync(new URL('../../../../docs/executors.md', import.meta.url), 'utf8')) ?? []

const deploy = async (box: Sandbox, script = FLAG) => {
  await box.folder('/run')
  await box.put(SCRIPT, script, 0o755)
}
const saying = (answer: string): string => `#!/bin/sh\ncat > "$VIGO_ROOT/question"\n${answer}\n`
const check = (box: Sandbox, attributes = {}, options = runOptions()) =>
  executor.check(attributes, box.machine, options)

executorCompliance(executor, {
  makeMachine: makeSandbox,
  cases: [
    {
      name: 'a script',
      attributes: { text: 'hunter2', timeout: '1m' },
      starts: {
        'with nothing there': box => deploy(box),
        'with something else there': async box => {
          await deploy(box)
          await box.put('/run/flag', 'old')
        },
      },
      secrets: ['hunter2'],
      path: SCRIPT,
    },
  ],
})

describe('a script', () => {
  test('is asked with all attributes but the timeout', async () => {
    await using box = await makeSandbox()
    await deploy(box, saying('echo \'{"action":"None","changed":false}\''))
    expect(await check(box, { a: [1, { b: null }], timeout_secs: 5 })).toEqual({ kind: 'compliant' })
    expect(JSON.parse(await box.read('/question'))).toEqual({ params: { a: [1, { b: null }] }, dry_run: true })
  })

  test.each<[string, object]>([
    [
      '{"action":"Created","changed":true}',
      { kind: 'different', changes: [{ attribute: 'action', from: '', to: 'created' }] },
    ],
    ['{"action":"Skipped","changed":false}', { kind: 'skipped' }],
  ])('that says %s is understood', async (answer, finding) => {
    await using box = await makeSandbox()
    await deploy(box, saying(`echo starting; echo '${answer}'`))
    expect(await check(box)).toMatchObject(finding)
  })

  test.each([
    [`echo '{"action":"Blocked","changed":false,"error":"no disk"}'`, 'blocked', 'no disk'],
    [`echo '{"action":"None","changed":false,"error":"it broke"}'`, 'failed', 'it broke'],
    ['echo oops >&2; exit 4', 'failed', "the script of 'flag' ended with exit code 4 without an answer"],
    [`echo '{"action":"None","changed":false}'; exit 4`, 'failed', 'ended with exit code 4'],
    ['echo "{"', 'failed', 'without an answer'],
    ['sleep 60', 'failed', 'did not end within 1 s'],
  ])('that does %j is %s', async (script, code, problem) => {
    await using box = await makeSandbox()
    await deploy(box, saying(script))
    await expect(check(box, { timeout: 1 })).rejects.toMatchObject({ code })
    await expect(check(box, { timeout: 1 })).rejects.toThrow(problem)
  })

  test('that others may write, or that is none, does not run', async () => {
    await using box = await makeSandbox()
    await deploy(box, saying('true'))
    const path = join(box.root, SCRIPT)
    await chmod(path, 0o757)
    await expect(check(box)).rejects.toMatchObject({ code: 'unsafe' })
    await chmod(path, 0o644)
    await expect(check(box)).rejects.toThrow('is not executable (chmod 0755)')
    await chmod(path, 0o755)
    await chmod(join(box.root, 'etc/vigo/executors'), 0o777)
    await expect(check(box)).rejects.toMatchObject({ code: 'unsafe' })
    await chmod(join(box.root, 'etc/vigo/executors'), 0o755)
    await symlink(path, join(box.root, 'etc/vigo/executors/link'))
    await expect(customExecutor('link').check({}, box.machine, runOptions())).rejects.toMatchObject({ code: 'unsafe' })
    await expect(box.read('/question')).rejects.toThrow()
  })

  test.runIf(isRoot)('of somebody else does not run', async () => {
    await using box = await makeSandbox()
    await deploy(box, saying('true'))
    await chown(join(box.root, SCRIPT), 4321, 4321)
    await expect(check(box)).rejects.toMatchObject({ code: 'unsafe' })
  })

  test('that is not there may be deployed by a resource before', async () => {
    await using box = await makeSandbox()
    expect(await check(box, {}, runOptions({ isDryRun: true }))).toMatchObject({ kind: 'unknown' })
    await expect(check(box)).rejects.toThrow('deploy it with a file resource')
  })

  test.each(['../../bin/sh', 'a/b', '', '-x', 'a'.repeat(200)])('is not called %j', async type => {
    await using box = await makeSandbox()
    await expect(customExecutor(type).check({}, box.machine, runOptions())).rejects.toMatchObject({ code: 'failed' })
  })

  test('is applied once for a difference', async () => {
    await using box = await makeSandbox()
    await deploy(box)
    await applyTo(box, executor, { text: 'hello' })
    expect(await box.read('/run/flag')).toBe('hello')
  })
})

describe('an answer', () => {
  test.each(['', '[]x', '1', 'null', '{}', '{"changed":1}', '{"changed":true,"error":5}'])('is not %j', text => {
    expect(answerOf(text)).toBeNull()
  })

  test('may say the action alone', () => {
    expect(answerOf('{"action":"DELETED"}')).toEqual({ action: 'deleted', changed: true, error: '' })
    expect(answerOf('{"action":"none"}')).toEqual({ action: 'none', changed: false, error: '' })
  })
})
