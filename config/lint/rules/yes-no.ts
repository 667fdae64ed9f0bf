import { booleanWords } from '../boolean-words.ts'
import type { FixRule } from '../rule.ts'

export const yesNo: FixRule = {
  name: 'yes-no',
  stage: 'repair',
  files: 'every file',
  summary:
    'Unquoted `yes`, `on`, `y` become `true`, and `no`, `off`, `n` `false`, where the language wants true or false. Elsewhere they are text, and a warning says so.',
  fix: ({ root, kind, text }) =>
    Array.from(booleanWords(root, kind), ([{ span, source }, meaning]) => ({
      start: span.start,
      end: span.end,
      text: String(meaning),
      message: `'${source}' replaced by ${meaning}`,
    })).filter(({ start, end }) => /^[A-Za-z]{1,3}$/.test(text.slice(start, end))),
}
