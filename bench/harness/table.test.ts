import { expect, test } from 'vitest'
import { renderTable } from './table.ts'

test('a table has a line for each result, says what was skipped and why, and ends with the notes', () => {
  const text = renderTable([
    {
      row: 'pull-1',
      ours: { value: 2.5, unit: 's' },
      baseline: { value: 3, unit: 's' },
      ratio: 0.83,
      budget: '<= 1.0',
      ok: true,
      notes: ['over loopback'],
    },
    { row: 'push', skipped: 'needs openssl' },
  ])
  expect(text.split('\n')).toEqual([
    '| row    | ours   | baseline | ratio | budget |                        |',
    '| ------ | ------ | -------- | ----- | ------ | ---------------------- |',
    '| pull-1 | 2.50 s | 3.00 s   | 0.83  | <= 1.0 | ok                     |',
    '| push   |        |          |       |        | skipped: needs openssl |',
    '',
    '- pull-1: over loopback',
  ])
})
