import { chmod, readdir, stat, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Executor } from '../executor.ts'
import { executorCompliance } from '../executors.compliance.ts'
import { applyTo, attributesFor, editedText, makeSandbox, runOptions } from '../fixture.ts'
import { blockinfileExecutor } from './blockinfile.ts'
import { fieldEditExecutor } from './field-edit.ts'
import { fileLineExecutor } from './file-line.ts'
import { iniExecutor } from './ini.ts'
import { jsonFileExecutor } from './json-file.ts'
import { replaceExecutor } from './replace.ts'

const target_path = '/etc/app.conf'

function promises<A extends { readonly target_path: string }>(
  executor: Executor<A>,
  attributes: A,
  text: string,
): void {
  executorCompliance(executor, {
    makeMachine: makeSandbox,
    cases: [
      {
        name: 'an edit',
        attributes,
        starts: { 'of a file': box => box.put(target_path, text, 0o640) },
        secrets: ['hunter2'],
        path: target_path,
      },
    ],
  })
}

promises(fileLineExecutor, attributesFor('file_line', { target_path, line: 'key hunter2' }), 'a\nb\n')
promises(
  blockinfileExecutor,
  attributesFor('blockinfile', { target_path, block: 'key hunter2', backup: 'true' }),
  'a\n',
)
promises(
  replaceExecutor,
  attributesFor('replace', { target_path, pattern: 'old', replacement: 'hunter2', validate: 'test -s %' }),
  'old\n',
)
promises(
  fieldEditExecutor,
  attributesFor('field_edit', { target_path, match: '^dan', field: 2, value: 'hunter2' }),
  'dan:x:1\n',
)
promises(
  iniExecutor,
  attributesFor('ini', { target_path, section: 'db', key: 'password', value: 'hunter2' }),
  '[db]\nuser=x\n',
)
promises(
  jsonFileExecutor,
  attributesFor('json_file', { target_path, key: 'db.password', value: 'hunter2' }),
  '{"a": 1}\n',
)

const line = (given: object) => attributesFor('file_line', { target_path, ...given })

describe('a line of a file', () => {
  test.each<[string, object, string, string | null]>([
    ['is added at the end', { line: 'c' }, 'a\nb\n', 'a\nb\nc\n'],
    ['ends a last line that was not ended', { line: 'c' }, 'a\nb', 'a\nb\nc\n'],
    ['that is there stays', { line: 'b' }, 'a\nb', null],
    ['comes after the last match', { line: 'x', after: '^a' }, 'a1\na2\nb\n', 'a1\na2\nx\nb\n'],
    ['is at the end where nothing matches', { line: 'x', after: '^q' }, 'a\n', 'a\nx\n'],
    [
      'replaces the last match',
      { line: 'Port 2222', match: '^#?Port ' },
      '#Port 1\nPort 22\nz\n',
      '#Port 1\nPort 2222\nz\n',
    ],
    ['that matches itself stays', { line: 'Port 2222', match: '^#?Port ' }, '#Port 22\nPort 2222\n', null],
    ['is added where nothing matches', { line: 'x', match: '^q' }, 'a\n', 'a\nx\n'],
    ['replaces all matches when it is none', { line: 'new', match: '^old' }, 'old1\nb\nold2\n', 'b\nnew\n'],
    ['is not doubled by what it replaces', { line: 'new', match: '^old' }, 'new\nold1\n', 'new\n'],
    ['has the line ends of its file', { line: 'c' }, 'a\r\nb\r\n', 'a\r\nb\r\nc\r\n'],
    ['that is there with another line end stays', { line: 'b' }, 'a\r\nb\r\n', null],
    ['goes', { line: 'b', state: 'absent' }, 'a\nb\nc\nb\n', 'a\nc\n'],
    ['goes with all that match', { match: '^b', state: 'absent' }, 'a\nb1\nb2\n', 'a\n'],
    ['that is not there need not go', { line: 'x', state: 'absent' }, 'a\n', null],
    ['is found by an expression of other tools', { match: '(?i)^[[:space:]]*B', state: 'absent' }, 'a\n  b\n', 'a\n'],
  ])('%s', async (_, attributes, before, after) => {
    expect(await editedText(fileLineExecutor, line(attributes), before)).toBe(after)
  })

  test('makes the file only when it is told to', async () => {
    await using box = await makeSandbox()
    await box.folder('/etc')
    const given = line({ line: 'a' })
    await expect(fileLineExecutor.check(given, box.machine, runOptions())).rejects.toMatchObject({ code: 'failed' })
    expect(await fileLineExecutor.check(given, box.machine, runOptions({ isDryRun: true }))).toMatchObject({
      kind: 'unknown',
    })
    expect(await fileLineExecutor.check({ ...given, state: 'absent' }, box.machine, runOptions())).toEqual({
      kind: 'compliant',
    })
    await applyTo(box, fileLineExecutor, { ...given, create: true })
    expect(await box.read(target_path)).toBe('a\n')
  })

  test('leaves owner, mode and other names of the file as they are', async () => {
    await using box = await makeSandbox()
    await box.put(target_path, 'a\n', 0o604)
    const before = await stat(join(box.root, target_path))
    await applyTo(box, fileLineExecutor, line({ line: 'b', backup: '.bak' }))
    expect(await stat(join(box.root, target_path))).toMatchObject({
      mode: before.mode,
      uid: before.uid,
      gid: before.gid,
    })
    expect(await readdir(join(box.root, 'etc'))).toEqual(['app.conf', 'app.conf.bak'])
  })

  test.each([['a link', async (path: string) => await symlink('other', path), 'name the file that it points to']])(
    'is not put into %s',
    async (_, make, problem) => {
      await using box = await makeSandbox()
      await box.put('/etc/other', 'a\n')
      await make(join(box.root, target_path))
      await expect(fileLineExecutor.check(line({ line: 'b' }), box.machine, runOptions())).rejects.toThrow(problem)
      expect(await box.read('/etc/other')).toBe('a\n')
    },
  )

  test('is not put into bytes, or a file that is too long', async () => {
    await using box = await makeSandbox()
    await box.put(target_path, Buffer.from([0x66, 0xfc, 0x72]))
    await expect(fileLineExecutor.check(line({ line: 'b' }), box.machine, runOptions())).rejects.toThrow(
      'no text in UTF-8',
    )
    await box.put(target_path, Buffer.alloc(17 * 2 ** 20, 'a'))
    await expect(fileLineExecutor.check(line({ line: 'b' }), box.machine, runOptions())).rejects.toThrow('at most')
  })

  test('is not looked for without end', async () => {
    const hostile = line({ line: 'x', match: '^(a+)+$' })
    await expect(editedText(fileLineExecutor, hostile, `${'a'.repeat(60)}!\n`)).rejects.toThrow('takes too long')
    await expect(editedText(fileLineExecutor, line({ line: 'x', match: '(' }), 'a')).rejects.toThrow(
      'is no regular expression',
    )
  })

  test('is there afterwards, whatever was in the file, and then nothing is to do', async () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'old1', 'old2', 'new', ''), { maxLength: 8 })
    const property = fc.asyncProperty(
      text,
      fc.boolean(),
      fc.constantFrom('^old', '^new', 'q', undefined),
      async (lines, isEnded, match) => {
        const before = lines.join('\n') + (isEnded ? '\n' : '')
        const after = (await editedText(fileLineExecutor, line({ line: 'new', match }), before)) ?? before
        expect(after.split('\n')).toContain('new')
        expect(await editedText(fileLineExecutor, line({ line: 'new', match }), after)).toBeNull()
      },
    )
    await fc.assert(property, { numRuns: 60 })
  })
})

const block = (given: object) => attributesFor('blockinfile', { target_path, block: 'x\ny\n', ...given })
const [BEGIN, END] = ['# BEGIN VIGO MANAGED BLOCK', '# END VIGO MANAGED BLOCK']

describe('a block of a file', () => {
  test.each<[string, object, string, string | null]>([
    ['is added at the end', {}, 'a\n', `a\n${BEGIN}\nx\ny\n${END}\n`],
    ['is replaced where it is', {}, `a\n${BEGIN}\nold\n${END}\nb\n`, `a\n${BEGIN}\nx\ny\n${END}\nb\n`],
    ['that is there stays', {}, `${BEGIN}\nx\ny\n${END}\n`, null],
    ['comes after the last match', { insertafter: '^a' }, 'a\nb\n', `a\n${BEGIN}\nx\ny\n${END}\nb\n`],
    ['comes before the first match', { insertbefore: '^b' }, 'a\nb\nb\n', `a\n${BEGIN}\nx\ny\n${END}\nb\nb\n`],
    ['has markers of its own', { marker: '; {mark} mine', block: 'z' }, 'a\n', 'a\n; BEGIN mine\nz\n; END mine\n'],
    ['may be empty', { block: '' }, 'a\n', `a\n${BEGIN}\n${END}\n`],
    ['goes with its markers', { state: 'absent' }, `a\n${BEGIN}\nx\n${END}\nb\n`, 'a\nb\n'],
    ['that is not there need not go', { state: 'absent' }, 'a\n', null],
  ])('%s', async (_, attributes, before, after) => {
    expect(await editedText(blockinfileExecutor, block(attributes), before)).toBe(after)
  })

  test.each([`a\n${BEGIN}\nx\n`, `x\n${END}\n`])('with one marker is left to a person (%j)', async text => {
    await expect(editedText(blockinfileExecutor, block({}), text)).rejects.toThrow(
      'take the rest of the block away by hand',
    )
  })
})

const replacement = (given: object) => attributesFor('replace', { target_path, pattern: 'a', ...given })

describe('a replacement', () => {
  test.each<[string, object, string, string | null]>([
    ['is made everywhere', { replacement: 'b' }, 'a a\na\n', 'b b\nb\n'],
    ['knows lines and groups', { pattern: '^(\\w+)=.*$', replacement: '$1=1' }, 'x=2\ny=3\n', 'x=1\ny=1\n'],
    ['reaches over lines', { pattern: 'begin[\\s\\S]*?end\\n' }, 'x\nbegin\n1\nend\ny\n', 'x\ny\n'],
    ['without a match does nothing', { pattern: 'q', replacement: 'z' }, 'a\n', null],
    ['that changes nothing does nothing', { pattern: 'a', replacement: 'a' }, 'a\n', null],
  ])('%s', async (_, attributes, before, after) => {
    expect(await editedText(replaceExecutor, replacement(attributes), before)).toBe(after)
  })

  test('that would be made again in every run is refused', async () => {
    await expect(editedText(replaceExecutor, replacement({ replacement: 'aa' }), 'a')).rejects.toThrow(
      "matches 'a' again",
    )
  })
})

const field = (given: object) =>
  attributesFor('field_edit', { target_path, match: '^dan:', field: 7, value: '/bin/zsh', ...given })

describe('a field', () => {
  test.each<[string, object, string, string | null]>([
    [
      'is set in each line that matches',
      {},
      'root:x:0:0::/:/bin/sh\ndan:x:1:1::/:/bin/sh\n',
      'root:x:0:0::/:/bin/sh\ndan:x:1:1::/:/bin/zsh\n',
    ],
    ['that is set stays', {}, 'dan:x:1:1::/:/bin/zsh\n', null],
    [
      'between blanks leaves them alone',
      { match: '/data', field: 4, value: 'noatime', separator: ' ' },
      '/dev/sdb1\t/data  ext4   defaults 0 2\n',
      '/dev/sdb1\t/data  ext4   noatime 0 2\n',
    ],
    ['keeps the line end', { match: 'a', field: 2, value: 'z' }, 'a:b\r\n', 'a:z\r\n'],
  ])('%s', async (_, attributes, before, after) => {
    expect(await editedText(fieldEditExecutor, field(attributes), before)).toBe(after)
  })

  test('is skipped where no line matches', async () => {
    await using box = await makeSandbox()
    await box.put(target_path, 'root:x\n')
    expect(await fieldEditExecutor.check(field({}), box.machine, runOptions())).toEqual({
      kind: 'skipped',
      reason: "no line of /etc/app.conf matches '^dan:'",
    })
  })

  test.each([
    [{}, 'dan:x\n', 'line 1 of /etc/app.conf has fewer than 7 fields'],
    [{ value: 'a:b' }, 'dan:x\n', 'is not one field'],
    [{ value: 'a b', separator: ' ' }, 'dan:x\n', 'is not one field'],
  ])('is refused with %j for %j', async (attributes, text, problem) => {
    await expect(editedText(fieldEditExecutor, field(attributes), text)).rejects.toThrow(problem)
  })
})

const setting = (given: object) => attributesFor('ini', { target_path, section: 's', key: 'k', value: 'v', ...given })

describe('a setting', () => {
  test.each<[string, object, string, string | null]>([
    ['is added to its section as the others are written', {}, '[s]\na=1\n\n[t]\nb=2\n', '[s]\na=1\nk=v\n\n[t]\nb=2\n'],
    ['is changed with its blanks', {}, '[s]\n  k  =  old\n', '[s]\n  k  =  v\n'],
    ['that is set stays', {}, '[ s ]\nk : v\n', null],
    ['makes its section', {}, '[t]\nb=2\n', '[t]\nb=2\n\n[s]\nk=v\n'],
    ['makes the first section of an empty file', {}, '', '[s]\nk = v\n'],
    ['before the first section', { section: '' }, 'a=1\n[t]\nk=2\n', 'a=1\nk=v\n[t]\nk=2\n'],
    ['before the first section of a file that begins with one', { section: '' }, '[t]\nk=2\n', 'k=v\n[t]\nk=2\n'],
    ['is not taken for one of another section', {}, '[t]\nk=v\n[s]\nx=1\n', '[t]\nk=v\n[s]\nx=1\nk=v\n'],
    ['is not taken for a comment', {}, '[s]\n#k=v\n;k=v\n', '[s]\n#k=v\n;k=v\nk = v\n'],
    ['is there once', {}, '[s]\nk=1\nx=1\nk=2\n', '[s]\nk=v\nx=1\n'],
    ['may hold signs', { value: 'a=b;c' }, '[s]\nk=1\n', '[s]\nk=a=b;c\n'],
    ['may be emptied', { value: '' }, '[s]\nk = 1\n', '[s]\nk = \n'],
    ['that is empty is filled', {}, '[s]\na = 1\nk =\n', '[s]\na = 1\nk = v\n'],
    ['goes', { state: 'absent' }, '[s]\nk=1\na=1\n[t]\nk=1\n', '[s]\na=1\n[t]\nk=1\n'],
    ['that is not there need not go', { state: 'absent' }, '[t]\nk=1\n', null],
    [
      'goes with its section',
      { state: 'absent', key: undefined },
      '[r]\na=1\n[s]\nk=1\n[t]\nk=1\n',
      '[r]\na=1\n[t]\nk=1\n',
    ],
  ])('%s', async (_, attributes, before, after) => {
    expect(await editedText(iniExecutor, setting(attributes), before)).toBe(after)
  })

  test('is there afterwards and then nothing is to do, whatever was in the file', async () => {
    const lines = fc.array(fc.constantFrom('[s]', '[t]', 'k=v', 'k = old', 'k', 'a=1', '', '# k=v', ' [s]'), {
      maxLength: 8,
    })
    const property = fc.asyncProperty(lines, fc.constantFrom('', 's'), async (before, section) => {
      const text = before.join('\n')
      const after = (await editedText(iniExecutor, setting({ section }), text)) ?? text
      expect(await editedText(iniExecutor, setting({ section }), after)).toBeNull()
    })
    await fc.assert(property, { numRuns: 60 })
  })
})

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
