import type { FixRule } from '../rule.ts'

export const byteOrderMark: FixRule = {
  name: 'byte-order-mark',
  stage: 'repair',
  files: 'every file',
  isTextual: true,
  summary: 'A byte order mark at the start is dropped.',
  fix: ({ text }) =>
    text.startsWith('\ufeff') ? [{ start: 0, end: 1, text: '', message: 'byte order mark dropped' }] : [],
}
