import type { Command } from 'commander'
import { collect, confirm, interruptSignal, print, printJson } from '#cli/shell'
import { formatDiagnostics, type Promotion, promote, unifiedDiff, writeRepairs } from '#config/publish'
import { exitCodes } from '#node/api/errors'
import { examples } from '../examples-text.ts'
import { placesOf } from './places.ts'
import { readSource } from './source-file.ts'
import { printDiff, tellProblems } from './tell.ts'

interface PromoteFlags {
  envFile: string
  var: string[]
  write?: boolean
  json?: boolean
}

export function addPromote(config: Command): void {
  config
    .command('promote <from> <to>')
    .description('copy variables from one environment to another, in environments.vgo; comments stay')
    .option('--env-file <path>', 'which file of the stacks', 'environments.vgo')
    .option('--var <name>', 'only this variable (repeatable; default: all of <from>)', collect, [])
    .option('--write', 'change the file; otherwise you are asked, or, without a terminal, only shown the difference')
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      examples([
        ['vigocli config promote staging production', 'what would be copied'],
        ['vigocli config promote staging production --var app_tag --write', 'one variable'],
      ]) + '\n\nIt edits the stacks only: publish them afterwards.',
    )
    .action(run)
}

async function run(from: string, to: string, options: PromoteFlags, command: Command): Promise<void> {
  const signal = interruptSignal()
  const { stacks } = placesOf(command)
  const before = await readSource(stacks, options.envFile, signal)
  const promotion = promote(before, { from, to, variables: options.var })
  const { added, changed, file } = promotion
  const diff = unifiedDiff(before.path, before.text, file.text)
  if (diff === '')
    return options.json ? printJson(jsonOf(promotion, diff, false)) : print(`'${to}' has the same values already.`)
  if (!options.json) printDiff(diff)
  const isWanted = options.write === true || (!options.json && (await confirm(`Change ${before.path}?`, signal)))
  const isWritten = isWanted && (await write(stacks, before, promotion, signal))
  if (options.json) return printJson(jsonOf(promotion, diff, isWritten))
  const what = [...changed, ...added].join(', ')
  if (isWritten) print(`Copied from '${from}' to '${to}': ${what}. Next: vigocli config publish`)
  else if (!isWanted) print(`Nothing was written; --write copies ${what} from '${from}' to '${to}'.`)
}

async function write(
  stacks: string,
  before: Promotion['file'],
  { file }: Promotion,
  signal: AbortSignal,
): Promise<boolean> {
  const { written, diagnostics } = await writeRepairs(
    stacks,
    { files: [before] },
    new Map([[file.path, file.text]]),
    signal,
  )
  if (written.has(file.path)) return true
  tellProblems(formatDiagnostics(diagnostics))
  process.exitCode = exitCodes.failed
  return false
}

function jsonOf({ added, changed, file }: Promotion, diff: string, written: boolean): object {
  return { path: file.path, added, changed, written, diff }
}
