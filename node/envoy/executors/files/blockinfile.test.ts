import { describe, expect, test } from 'vitest'
import { attributesFor, editedText } from '../fixture.ts'
import { blockinfileExecutor } from './blockinfile.ts'
import { editingCompliance, target_path } from './fixture.ts'

editingCompliance(
  blockinfileExecutor,
  attributesFor('blockinfile', { target_path, block: 'key hunter2', backup: 'true' }),
  'a\n',
)

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

  test('that holds its own marker is refused', async () => {
    const given = block({ block: `x\n${END}\n` })
    await expect(editedText(blockinfileExecutor, given, 'a\n')).rejects.toThrow("choose another 'marker'")
  })

  test.each([`a\n${BEGIN}\nx\n`, `x\n${END}\n`])('with one marker is left to a person (%j)', async text => {
    await expect(editedText(blockinfileExecutor, block({}), text)).rejects.toThrow(
      'take the rest of the block away by hand',
    )
  })
})
