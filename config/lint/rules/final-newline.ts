import type { FixRule } from '../rule.ts'

export const finalNewline: FixRule = {
  name: 'final-newline',
  stage: 'repair',
  files: 'every file',
  summary: 'The last line ends with a line feed.',
  fix: ({ text }) =>
    text === '' || text.endsWith('\n')
      ? []
      : [{ start: text.length, end: text.length, text: '\n', message: 'line feed added at the end of the file' }],
}
