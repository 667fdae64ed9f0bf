import type { Stage } from './rule.ts'
import { rules } from './rules/index.ts'

const STAGES: readonly (readonly [Stage, string])[] = [
  ['repair', '1 repair'],
  ['structure', '2 structure'],
  ['schema', '3 schema'],
  ['labels', '4 labels'],
]

/** The table of the rules in docs/language/lint.md. */
export function rulesTable(): string {
  const rows = STAGES.flatMap(([stage, title]) =>
    rules
      .filter(rule => rule.stage === stage)
      .map(({ name, files, summary }) => `| ${title} | \`${name}\` | ${files} | ${summary.replaceAll('|', '\\|')} |`),
  )
  return ['| stage | rule | files | what it does |', '|---|---|---|---|', ...rows].join('\n')
}
