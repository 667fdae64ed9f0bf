import { readdir, stat, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyTo, attributesFor, editedText, makeSandbox, runOptions } from '../fixture.ts'
import { fileLineExecutor } from './file-line.ts'
import { editingCompliance, target_path } from './fixture.ts'

editingCompliance(fileLineExecutor, attributesFor('file_line', { target_path, line: 'key hunter2' }), 'a\nb\n')

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

  test('of several lines is none', async () => {
    await expect(editedText(fileLineExecutor, line({ line: 'password x\n' }), 'a\n')).rejects.toThrow('has two')
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
