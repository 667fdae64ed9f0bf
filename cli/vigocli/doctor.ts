import type { Command } from 'commander'
import { interruptSignal, paint, print, printJson } from '#cli/shell'
import { exitCodes, type Finding, serverRoutes } from '#node/api'
import { examples } from './examples-text.ts'
import { withServer } from './server/index.ts'

const STYLES = { error: 'red', warning: 'yellow', note: 'cyan' } as const

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('everything that is wrong with server, configuration and fleet, and what to do about it')
    .option('--json', 'print as JSON')
    .addHelpText('after', `${examples([['vigocli doctor', 'the worst first']])}\n\nExit codes: 0 no errors, 1 errors.`)
    .action((options: { json?: boolean }, command: Command) =>
      withServer(command, async client => {
        const { findings, checks } = await client.call(serverRoutes.doctor, {}, { signal: interruptSignal() })
        if (findings.some(({ severity }) => severity === 'error')) process.exitCode = exitCodes.failed
        if (options.json) return printJson({ findings, checks })
        for (const finding of findings) tell(finding)
        if (findings.length === 0) print(`${paint('green', 'Nothing is wrong.')} Looked at: ${checks.join(', ')}.`)
      }),
    )
}

function tell({ severity, message, hint, items }: Finding): void {
  print(`${paint(STYLES[severity], severity)}: ${message}`)
  for (const item of items) for (const line of item.split('\n')) print(`    ${line}`)
  print(`  ${hint}`)
  print()
}
