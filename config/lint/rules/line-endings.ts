import type { FixRule } from '../rule.ts'

export const lineEndings: FixRule = {
  name: 'line-endings',
  stage: 'repair',
  files: 'every file',
  isTextual: true,
  summary: 'Lines end with a line feed: CRLF, and CR alone, are replaced.',
  fix: ({ text }) => {
    if (!text.includes('\r')) return []
    return Array.from(text.matchAll(/\r\n?/g), ({ 0: ending, index }) => ({
      start: index,
      end: index + ending.length,
      text: '\n',
      message: `line ending ${ending.length === 2 ? 'CRLF' : 'CR'} replaced`,
    }))
  },
}
