import { styleText } from 'node:util'

/** Prints a value for programs. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
}

export function print(line = ''): void {
  process.stdout.write(`${line}\n`)
}

type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan'

/** Coloured on a terminal that wants colour (`NO_COLOR` and pipes do not). */
export function paint(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(style, text, { stream })
}

/** Columns aligned by width, with a dim heading; nothing but a sentence when there are no rows. */
export function printTable(headings: readonly string[], rows: readonly (readonly string[])[], whenEmpty: string): void {
  if (rows.length === 0) {
    print(whenEmpty)
    return
  }
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map(row => (row[column] ?? '').length)),
  )
  const format = (cells: readonly string[]): string =>
    cells.map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('  ')
  print(paint('dim', format(headings).trimEnd()))
  for (const row of rows) print(format(row).trimEnd())
}

/** Lines of `name  value`. */
export function printFields(fields: readonly (readonly [string, string])[]): void {
  const width = Math.max(...fields.map(([name]) => name.length))
  for (const [name, value] of fields) print(`${paint('dim', name.padEnd(width))}  ${value}`)
}
