import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { unifiedDiff } from './unified-diff.ts'

describe('unifiedDiff', () => {
  test('is what diff -u writes', () => {
    const before = `${Array.from({ length: 20 }, (_, index) => `line ${index}`).join('\n')}\n`
    const after = before
      .replace('line 2\n', 'line two\n')
      .replace('line 15\n', '')
      .replace('line 19', 'line 19\nline 20')
    expect(unifiedDiff('a.vgo', before, after)).toBe(
      [
        '--- a/a.vgo',
        '+++ b/a.vgo',
        '@@ -1,6 +1,6 @@',
        ' line 0',
        ' line 1',
        '-line 2',
        '+line two',
        ' line 3',
        ' line 4',
        ' line 5',
        '@@ -13,8 +13,8 @@',
        ' line 12',
        ' line 13',
        ' line 14',
        '-line 15',
        ' line 16',
        ' line 17',
        ' line 18',
        ' line 19',
        '+line 20',
        '',
      ].join('\n'),
    )
  })

  test('is empty for equal texts, and knows empty ones', () => {
    expect(unifiedDiff('x', 'a\n', 'a\n')).toBe('')
    expect(unifiedDiff('x', '', 'a\n')).toBe('--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+a\n')
    expect(unifiedDiff('x', 'a\n', '')).toBe('--- a/x\n+++ b/x\n@@ -1 +0,0 @@\n-a\n')
  })

  test('shows a final line ending that is missing', () => {
    expect(unifiedDiff('x', 'a', 'a\n')).toBe('--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n')
  })

  test('leads from the one text to the other, with no more edits than lines differ', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c', '', 'd e'), { maxLength: 30 })
      .map(lines => lines.map(line => `${line}\n`).join(''))
    fc.assert(
      fc.property(text, text, (before, after) => {
        const diff = unifiedDiff('x', before, after)
        expect(applied(before, diff)).toBe(after)
        const edits = diff.split('\n').filter(line => /^[-+](?!-- a|\+\+ b)/.test(line)).length
        expect(edits).toBe(distance(before.split('\n'), after.split('\n')))
      }),
    )
  })

  test('shows texts that have little in common as one replacement', () => {
    const lines = (word: string): string => Array.from({ length: 2000 }, (_, index) => `${word} ${index}\n`).join('')
    const diff = unifiedDiff('x', `same\n${lines('a')}`, `same\n${lines('b')}`)
    expect(diff.startsWith('--- a/x\n+++ b/x\n@@ -1,2001 +1,2001 @@\n same\n-a 0\n-a 1\n')).toBe(true)
    expect(applied(`same\n${lines('a')}`, diff)).toBe(`same\n${lines('b')}`)
  })
})

function applied(before: string, diff: string): string {
  const lines = before.split('\n').slice(0, -1)
  const result: string[] = []
  let at = 0
  for (const line of diff.split('\n').slice(2, -1)) {
    const hunk = /^@@ -(\d+)(?:,(\d+))? /.exec(line)
    if (hunk !== null) {
      const start = Number(hunk[1]) - (hunk[2] === '0' ? 0 : 1)
      while (at < start) result.push(lines[at++]!)
    } else if (line.startsWith('+')) result.push(line.slice(1))
    else {
      expect(lines[at]).toBe(line.slice(1))
      if (line.startsWith(' ')) result.push(line.slice(1))
      at++
    }
  }
  return [...result, ...lines.slice(at)].map(line => `${line}\n`).join('')
}

/** Lines to remove and to add, by the plain table. */
function distance(a: readonly string[], b: readonly string[]): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const x of a) {
    const next = [row[0]! + 1]
    for (const [index, y] of b.entries()) {
      next.push(x === y ? row[index]! : Math.min(row[index + 1]!, next[index]!) + 1)
    }
    row = next
  }
  return row.at(-1)!
}
