import { formatSize } from '#node/kit'
import type { Line, Quantity } from './types.ts'

export function formatQuantity({ value, unit }: Quantity): string {
  switch (unit) {
    case 's':
      if (value < 0.001) return `${(value * 1e6).toFixed(0)} µs`
      return value < 1 ? `${(value * 1000).toFixed(0)} ms` : `${value.toFixed(2)} s`
    case 'bytes':
      return formatSize(value)
    case 'MB/s':
      return `${value.toFixed(0)} MB/s`
  }
}

/** The results as a Markdown table, which reads well on a terminal, too; notes follow it. */
export function renderTable(lines: readonly Line[]): string {
  const head = ['row', 'ours', 'baseline', 'ratio', 'budget', '']
  const cells = lines.map(line =>
    'skipped' in line
      ? [line.row, '', '', '', '', `skipped: ${line.skipped}`]
      : [
          line.row,
          formatQuantity(line.ours),
          line.baseline === null ? '' : formatQuantity(line.baseline),
          line.ratio === null ? '' : line.ratio.toFixed(2),
          line.budget,
          line.ok ? 'ok' : 'missed',
        ],
  )
  const widths = head.map((name, column) => Math.max(name.length, 2, ...cells.map(row => row[column]?.length ?? 0)))
  const render = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const notes = lines.flatMap(line => ('skipped' in line ? [] : line.notes.map(note => `- ${line.row}: ${note}`)))
  return [render(head), render(widths.map(width => '-'.repeat(width))), ...cells.map(render), '', ...notes].join('\n')
}
