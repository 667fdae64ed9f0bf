import type { Command } from 'commander'
import { layoutOf, paint } from '#cli/shell'
import type { Diagnostic } from '#config/lang'
import { lintFile } from '#config/lint'
import { filesToAskAbout, formatDiagnostics, suggestFix } from '#config/publish'
import { readAiSettings } from './ai-settings.ts'

/** One model is asked at most about so many files: each is a paid and slow question. */
const MAX_FILES = 5

/** Explanations as they come, and corrected files as diffs that were linted before; nothing is applied. All of it on standard error. */
export async function suggestFixes(
  command: Command,
  diagnostics: readonly Diagnostic[],
  signal: AbortSignal,
): Promise<void> {
  const { stderr } = process
  const settings = await readAiSettings(layoutOf(command))
  for (const asked of filesToAskAbout(diagnostics, MAX_FILES)) {
    stderr.write(`\n${paint('bold', `Suggestion for ${asked.file.path}`, stderr)} (${settings.model}; not applied)\n`)
    const onText = (text: string): void => void stderr.write(text)
    const { change } = await suggestFix({ settings, ...asked, onText, signal })
    if (change === null) {
      stderr.write('\nThe model suggests no change of the file.\n')
      continue
    }
    const errors = lintFile(change.file).diagnostics.filter(({ severity }) => severity === 'error')
    stderr.write(`\n\n${change.diff}`)
    if (errors.length === 0) stderr.write('The suggested file has no errors of its own.\n')
    else stderr.write(`The suggested file still has errors:\n${formatDiagnostics(errors).join('\n')}\n`)
  }
}
