import { CST } from 'yaml'

/* Of blocks whose first line has text, which ends with a line feed and with a line that has text. */

/** The text of `|` and `|-`. */
export function literalText(content: string, indentation: number, header: string): string {
  let text = ''
  for (let at = 0; at < content.length; ) {
    const end = content.indexOf('\n', at) + 1
    text += content.slice(Math.min(at + indentation, end - 1), end)
    at = end
  }
  return header.endsWith('-') ? text.slice(0, -1) : text
}

/** The text of `>` and `>-`, by the library: its rules are subtle, and blocks of that kind are rare. */
export function foldedText(content: string, indentation: number, header: string): string {
  const at = { offset: 0, indent: indentation }
  const props: CST.Token[] = [
    { ...at, type: 'block-scalar-header', source: header },
    { ...at, type: 'newline', source: '\n' },
  ]
  return CST.resolveAsScalar({ type: 'block-scalar', offset: 0, indent: 0, props, source: content })?.value ?? ''
}
