import { describe, expect, test } from 'vitest'
import { attributesFor, editedText } from '../fixture.ts'
import { editingCompliance, target_path } from './fixture.ts'
import { replaceExecutor } from './replace.ts'

editingCompliance(
  replaceExecutor,
  attributesFor('replace', { target_path, pattern: 'old', replacement: 'hunter2', validate: 'test -s %' }),
  'old\n',
)

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
