import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { attributesFor, editedText } from '../fixture.ts'
import { editingCompliance, target_path } from './fixture.ts'
import { iniExecutor } from './ini.ts'

editingCompliance(
  iniExecutor,
  attributesFor('ini', { target_path, section: 'db', key: 'password', value: 'hunter2' }),
  '[db]\nuser=x\n',
)

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
