import { TemplateError } from '../errors.ts'
import type { Run } from '../evaluate/run.ts'
import { printed, valueText } from '../format/print.ts'
import { quoted } from '../format/quote.ts'
import { functionsOf } from './signature.ts'

const text = functionsOf('text', { isGo: false })
const MAX_INDENT = 1000

export const textFunctions = [
  text({
    usage: 'upper TEXT',
    description: 'in capitals',
    parameters: ['text'],
    call: ([value]) => value.toUpperCase(),
  }),
  text({
    usage: 'lower TEXT',
    description: 'in small letters',
    parameters: ['text'],
    call: ([value]) => value.toLowerCase(),
  }),
  text({
    usage: 'trim TEXT',
    description: 'without the white space at both ends',
    parameters: ['text'],
    call: ([value]) => value.trim(),
  }),
  text({
    usage: 'trimPrefix PREFIX TEXT',
    description: 'without the prefix, where it is there',
    parameters: ['text', 'text'],
    call: ([prefix, value]) => (value.startsWith(prefix) ? value.slice(prefix.length) : value),
  }),
  text({
    usage: 'trimSuffix SUFFIX TEXT',
    description: 'without the suffix, where it is there',
    parameters: ['text', 'text'],
    call: ([suffix, value]) => (value.endsWith(suffix) ? value.slice(0, value.length - suffix.length) : value),
  }),
  text({
    usage: 'replace OLD NEW TEXT',
    description: 'with every OLD replaced by NEW',
    parameters: ['text', 'text', 'text'],
    call: ([old, replacement, value], run) => {
      if (old === '') throw new TemplateError('value', 'replace has nothing to look for', 'its first argument is empty')
      const parts = value.split(old)
      run.checkLength(value.length + (parts.length - 1) * (replacement.length - old.length))
      return parts.join(replacement)
    },
  }),
  text({
    usage: 'split SEPARATOR TEXT',
    description: 'the list of what is between the separators; of the characters when the separator is empty',
    parameters: ['text', 'text'],
    call: ([separator, value], run) => {
      const parts = separator === '' ? Array.from(value) : value.split(separator)
      run.charge(parts.length >> 2)
      return parts
    },
  }),
  text({
    usage: 'join SEPARATOR LIST',
    description: 'the items as text, with the separator between them',
    parameters: ['text', 'list'],
    call: ([separator, list], run) =>
      joinItems(
        list.map(item => valueText(item, run)),
        separator,
        run,
      ),
  }),
  text({
    usage: 'contains PART TEXT',
    description: 'whether the part is in the text',
    parameters: ['text', 'text'],
    call: ([part, value]) => value.includes(part),
  }),
  text({
    usage: 'hasPrefix PREFIX TEXT',
    description: 'whether the text begins with the prefix',
    parameters: ['text', 'text'],
    call: ([prefix, value]) => value.startsWith(prefix),
  }),
  text({
    usage: 'hasSuffix SUFFIX TEXT',
    description: 'whether the text ends with the suffix',
    parameters: ['text', 'text'],
    call: ([suffix, value]) => value.endsWith(suffix),
  }),
  text({
    usage: 'quote VALUE…',
    description: 'each value as text in double quotes, escaped as Go does, with spaces between',
    parameters: ['any'],
    rest: 'any',
    call: (values, run) =>
      joinItems(
        values.map(value => quoted(valueText(value, run))),
        ' ',
        run,
      ),
  }),
  text({
    usage: 'shellQuote VALUE…',
    description: 'each value as one word of a POSIX shell, with spaces between',
    parameters: ['any'],
    rest: 'any',
    call: (values, run) =>
      joinItems(
        values.map(value => shellWord(valueText(value, run))),
        ' ',
        run,
      ),
  }),
  text({
    usage: 'indent COUNT TEXT',
    description: 'each line after so many spaces',
    parameters: ['integer', 'text'],
    call: ([count, value], run) => indented(count, value, run),
  }),
  text({
    usage: 'nindent COUNT TEXT',
    description: 'a line break, then each line after so many spaces',
    parameters: ['integer', 'text'],
    call: ([count, value], run) => `\n${indented(count, value, run)}`,
  }),
  text({
    usage: 'toString VALUE',
    description: 'the value as it prints',
    parameters: ['any'],
    call: ([value], run) => printed([value], run),
  }),
]

function joinItems(items: readonly string[], separator: string, run: Run): string {
  run.checkLength(items.reduce((sum, item) => sum + item.length + separator.length, 0))
  return items.join(separator)
}

/** Safe as it is, or in single quotes. */
function shellWord(value: string): string {
  if (value.includes('\0')) throw new TemplateError('value', 'a word of a shell cannot hold a NUL character')
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`
}

function indented(count: number, value: string, run: Run): string {
  if (count < 0 || count > MAX_INDENT)
    throw new TemplateError('value', `an indent is 0 to ${MAX_INDENT} spaces, not ${count}`)
  const lines = value.split('\n')
  run.checkLength(value.length + lines.length * count)
  const spaces = ' '.repeat(count)
  return spaces + lines.join(`\n${spaces}`)
}
