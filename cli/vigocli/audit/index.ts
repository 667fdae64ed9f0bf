import { type Command, InvalidArgumentError } from 'commander'
import { interruptSignal, layoutOf, paint, print, printJson, printTable } from '#cli/shell'
import { exitCodes } from '#node/api'
import { type AuditEntry, AuditLog, type AuditVerdict, auditFolder, readNote, verifyAudit } from '#node/audit'

const DEFAULT_LIMIT = 50

export function addAudit(program: Command): void {
  const audit = program.command('audit').description('who did what: the log of privileged acts on this server')
  audit
    .command('verify')
    .description('check that no entry was changed, removed or moved, and say what that proves')
    .option(
      '--anchor <note>',
      'an entry that was noted earlier, <number>:<hash>: proves that nothing up to it was written anew',
    )
    .option('--json', 'print the result as JSON')
    .addHelpText('after', `${VERIFY_HELP}`)
    .action(async (options: { anchor?: string; json?: boolean }, command: Command) => {
      const anchor = options.anchor === undefined ? {} : { anchor: readNote(options.anchor) }
      const verdict = await verifyAudit(folderOf(command), { ...anchor, signal: interruptSignal() })
      if (verdict.fault !== null) process.exitCode = exitCodes.failed
      if (options.json) printJson(verdict)
      else tell(verdict)
    })
  audit
    .command('list')
    .description('the newest entries first')
    .option('--limit <number>', 'how many', count, DEFAULT_LIMIT)
    .option('--before <number>', 'only entries with a lower number', count)
    .option('--json', 'print the entries as JSON')
    .action(async (options: { limit: number; before?: number; json?: boolean }, command: Command) => {
      const { limit, before } = options
      const entries = await read(new AuditLog({ folder: folderOf(command) }), limit, before)
      if (options.json) printJson(entries)
      else
        printTable(
          ['#', 'TIME', 'ACTOR', 'VIA', 'ACTION', 'OUTCOME', 'TARGET'],
          entries.map(row),
          'nothing was recorded yet',
        )
    })
}

const VERIFY_HELP = `
The last line is a note of the newest entry. Keep it somewhere else, and give it with --anchor later.

Exit codes: 0 nothing was found, 1 an entry does not fit.`

function folderOf(command: Command): string {
  return auditFolder(layoutOf(command).state)
}

/** By pages of the log. */
async function read(log: AuditLog, limit: number, before: number | undefined): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = []
  while (entries.length < limit) {
    const last = entries.at(-1)?.seq ?? before
    const page = await log.read({ limit: limit - entries.length, ...(last === undefined ? {} : { before: last }) })
    if (page.length === 0) break
    entries.push(...page)
  }
  return entries
}

function row({ seq, at, actor, via, action, outcome, target }: AuditEntry): string[] {
  return [String(seq), at.replace(/\.\d+Z$/, 'Z'), shown(actor), via, shown(action), outcome, shown(target)]
}

/** Names come from outside, and a terminal obeys what it is sent. */
function shown(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '?')
}

function tell({ fault, entries, note, proved }: AuditVerdict): void {
  if (fault !== null) {
    const place = fault.line === 0 ? '' : ` (${fault.file}, line ${fault.line})`
    print(`${paint('red', fault.kind)}: entry ${fault.seq}${place}: ${fault.message}`)
    print(`${entries} entries before it fit together.`)
    return
  }
  for (const sentence of proved) print(sentence)
  if (note !== null) print(`${paint('dim', 'note')} ${note}`)
}

function count(text: string): number {
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('it is a whole number from 1')
}
