import { describe, expect, test } from 'vitest'
import { attributesFor, editedText, makeSandbox, runOptions } from '../fixture.ts'
import { fieldEditExecutor } from './field-edit.ts'
import { editingCompliance, target_path } from './fixture.ts'

editingCompliance(
  fieldEditExecutor,
  attributesFor('field_edit', { target_path, match: '^dan', field: 2, value: 'hunter2' }),
  'dan:x:1\n',
)

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
