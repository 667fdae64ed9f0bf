import type { Declaration } from './instruments.ts'

/** The metrics of one program as a table in Markdown. */
export function metricsTable(declarations: readonly Declaration[]): string {
  const rows = declarations
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, type, help, labels }) => `| \`${name}\` | ${type} | ${labelText(labels)} | ${help} |`)
  return ['| metric | type | labels | meaning |', '|---|---|---|---|', ...rows, ''].join('\n')
}

function labelText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, values]) => `\`${name}\`: ${values}`)
    .join('; ')
}
