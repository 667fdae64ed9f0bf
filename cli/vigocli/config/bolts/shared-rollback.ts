import type { Command } from 'commander'
import { printJson } from '#cli/shell'
import { formatCounts, formatDiagnostics, formatSeverities } from '#config/publish'
import { shortHash } from '#config/store'
import { exitCodes, serverRoutes } from '#node/api'
import { withServer } from '../../server/connection.ts'
import type { WaitOptions } from '../in-force.ts'
import { printSummary, tellProblems } from '../tell.ts'
import { diagnosticOf } from './diagnostics.ts'
import { everywhere, type SharedFlags, tellFollowed } from './shared-publish.ts'

interface Flags extends SharedFlags {
  readonly reason: string
  readonly force?: boolean
}

/** The server makes the old release live, here and on all bolts. The sources that are published with it stay those of now. */
export async function rollBackEverywhere(
  command: Command,
  release: string | undefined,
  options: Flags,
  sight: WaitOptions,
): Promise<void> {
  const { reason, force = false, json = false } = options
  sight.line.show('the server makes it live')
  const body = { ...(release === undefined ? {} : { to: release }), ...(reason === '' ? {} : { reason }), force }
  const result = await withServer(command, client =>
    client.call(serverRoutes.rollback, body, { signal: sight.signal }),
  ).finally(() => sight.line.clear())
  const { outcome, entry } = result
  if (outcome === 'invalid') {
    process.exitCode = exitCodes.failed
    if (json) return printJson({ ...result, server: null, bolts: null })
    const diagnostics = result.diagnostics.map(row => diagnosticOf(row, []))
    tellProblems(formatDiagnostics(diagnostics))
    const name = entry.restores ?? entry.number
    process.stderr.write(
      `Rollback failed: release ${name} is not valid for this version (${formatSeverities(diagnostics)}); nothing was changed\n`,
    )
    return
  }
  if (!json)
    printSummary([
      `Rolled back to release ${entry.restores} (${shortHash(entry.release)}): ${formatCounts(entry.counts)}`,
    ])
  const followed = await everywhere(command, entry.release, options, sight)
  if (json) printJson({ outcome, entry, diagnostics: [], ...followed })
  tellFollowed(followed.bolts, options)
}
