import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { attributesFor, editedText, makeSandbox, runOptions } from '../fixture.ts'
import { editingCompliance, target_path } from './fixture.ts'
import { jsonFileExecutor } from './json-file.ts'

editingCompliance(
  jsonFileExecutor,
  attributesFor('json_file', { target_path, key: 'db.password', value: 'hunter2' }),
  '{"a": 1}\n',
)

const json = (given: object) => attributesFor('json_file', { target_path, key: 'a.b', value: 1, ...given })

describe('a value of a JSON file', () => {
  test.each<[string, object, string, string | null]>([
    [
      'is set with the indent of the file',
      {},
      '{\n    "x": 1\n}\n',
      '{\n    "x": 1,\n    "a": {\n        "b": 1\n    }\n}\n',
    ],
    ['is set in one line where there is one', {}, '{"x":1}', '{"x":1,"a":{"b":1}}'],
    ['is set in an empty file', {}, '', '{\n  "a": {\n    "b": 1\n  }\n}\n'],
    [
      'that is set stays, however it is written',
      { value: { y: [1, 'x'], z: null } },
      '{"a": {"b": {"z": null,\n "y": [1, "x"]}}}',
      null,
    ],
    ['is replaced where it is', { key: 'x' }, '{"x": 2, "y": 3}', '{"x":1,"y":3}'],
    ['of a list', { key: 'l.1', value: 'z' }, '{"l":["a","b"]}', '{"l":["a","z"]}'],
    ['is added to a list', { key: 'l.2', value: 'z' }, '{"l":["a","b"]}', '{"l":["a","b","z"]}'],
    ['has dots in its key', { key: 'a\\.b' }, '{}', '{"a.b":1}'],
    [
      'leaves numbers that no double holds',
      {},
      '{"n":12345678901234567890,"m":1.0}',
      '{"n":12345678901234567890,"m":1.0,"a":{"b":1}}',
    ],
    ['is no prototype', { key: '__proto__.x' }, '{}', '{"__proto__":{"x":1}}'],
    ['goes', { state: 'absent', value: undefined }, '{"a":{"b":1,"c":2}}', '{"a":{"c":2}}'],
    ['that is not there need not go', { state: 'absent', value: undefined }, '{"a":{}}', null],
  ])('%s', async (_, attributes, before, after) => {
    expect(await editedText(jsonFileExecutor, json(attributes), before)).toBe(after)
  })

  test.each([
    [{}, '{"a": // no\n 1}', 'is no JSON'],
    [{}, '{"a": 5}', "'a' is a number, so that nothing can be set in it"],
    [{ key: 'a.7' }, '{"a": []}', "'a.7' is no position in a list of 0"],
    [{ key: 'a..b' }, '{}', 'has an empty key'],
    [{ key: 'a.0', state: 'absent' }, '{"a": [1]}', 'cannot be absent'],
  ])('is refused with %j for %j', async (attributes, text, problem) => {
    await expect(editedText(jsonFileExecutor, json(attributes), text)).rejects.toThrow(problem)
  })

  test('is there afterwards and all else stays, whatever was in the file', async () => {
    const property = fc.asyncProperty(
      fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 }),
      fc.jsonValue(),
      async (before, value) => {
        const text = JSON.stringify(before)
        const attributes = json({ key: 'key', value: value ?? 1 })
        const after = (await editedText(jsonFileExecutor, attributes, text)) ?? text
        expect(JSON.parse(after)).toEqual(JSON.parse(JSON.stringify({ ...before, key: value ?? 1 })))
        expect(await editedText(jsonFileExecutor, attributes, after)).toBeNull()
      },
    )
    await fc.assert(property, { numRuns: 60 })
  })

  test('is set without showing the file when it is broken', async () => {
    await using box = await makeSandbox()
    await box.put(target_path, '{"password": hunter2}')
    await chmod(join(box.root, target_path), 0o600)
    await expect(jsonFileExecutor.check(json({}), box.machine, runOptions())).rejects.not.toThrow('hunter2')
  })
})
