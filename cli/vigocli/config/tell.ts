import { paint, print } from '#cli/shell'

const SEVERITY = /^(.*?): (error|warning): /

/** Diagnostics on standard error, an empty line between them. */
export function tellProblems(problems: readonly string[]): void {
  for (const problem of problems)
    process.stderr.write(
      `${problem
        .split('\n')
        .map(line => coloured(line, process.stderr))
        .join('\n')}\n\n`,
    )
}

/** A sentence about the machine rather than the configuration. */
export function tellWarning(warning: string): void {
  process.stderr.write(`${paint('yellow', 'warning', process.stderr)}: ${warning}\n`)
}

/** Lines of a summary: `+ ~ -` paths in their colours, the first line bold up to its colon. */
export function printSummary(lines: readonly string[]): void {
  for (const [at, line] of lines.entries()) print(at === 0 ? headline(line) : change(line))
}

export function change(line: string): string {
  if (line.startsWith('+')) return paint('green', line)
  if (line.startsWith('-')) return paint('red', line)
  return line.startsWith('~') ? paint('yellow', line) : line
}

function headline(line: string): string {
  const colon = line.indexOf(':')
  return colon < 0 ? paint('bold', line) : paint('bold', line.slice(0, colon)) + line.slice(colon)
}

function coloured(line: string, stream: NodeJS.WriteStream): string {
  const found = SEVERITY.exec(line)
  if (found === null) return /^ +(?:\d+ \||\|)/.test(line) ? paint('dim', line, stream) : line
  const [head = '', place = '', severity = ''] = found
  const style = severity === 'error' ? 'red' : 'yellow'
  return `${paint('bold', place, stream)}: ${paint(style, severity, stream)}: ${line.slice(head.length)}`
}

/** A unified difference. */
export function printDiff(diff: string): void {
  for (const line of diff.trimEnd().split('\n')) print(diffLine(line))
}

function diffLine(line: string): string {
  if (line.startsWith('@@')) return paint('cyan', line)
  if (line.startsWith('+++') || line.startsWith('---')) return paint('bold', line)
  if (line.startsWith('+')) return paint('green', line)
  return line.startsWith('-') ? paint('red', line) : line
}

/** Diagnostics and what goes with them, where they are what was asked for. */
export function printReport(text: string): void {
  for (const line of text.trimEnd().split('\n')) print(coloured(line, process.stdout))
}
