import type { Diagnostic, SourceFile } from '#config/lang'
import { unifiedDiff } from '#node/kit'
import { AnswerParts } from './answer-parts.ts'
import { chat } from './chat.ts'
import { printable } from './printable.ts'
import { promptFor } from './prompt.ts'
import type { AiSettings } from './settings.ts'

export interface SuggestRequest {
  readonly settings: AiSettings
  readonly file: SourceFile
  /** Of this file. */
  readonly diagnostics: readonly Diagnostic[]
  /** Words of the explanation as they come, safe for a terminal. Code is not among them. */
  readonly onText?: (text: string) => void
  readonly signal?: AbortSignal | undefined
}

export interface Suggestion {
  /** All words of the answer, without code. */
  readonly explanation: string
  /** Null when the model gave no file, or the same one. */
  readonly change: SuggestedChange | null
}

export interface SuggestedChange {
  /** The whole file as suggested. Lint it before the diff is shown; it is never written anywhere. */
  readonly file: SourceFile
  /** From the file to the suggestion, with secrets hidden, safe for a terminal. */
  readonly diff: string
}

/** Asks the model for one file. Nothing leaves the machine that looks like a secret. @throws SuggestError */
export async function suggestFix({ settings, file, diagnostics, onText, signal }: SuggestRequest): Promise<Suggestion> {
  const { messages, redacted, redactor } = promptFor(file, diagnostics)
  const parts = new AnswerParts()
  const words: string[] = []
  const show = (text: string): void => {
    const shown = printable(text)
    if (shown === '') return
    words.push(shown)
    onText?.(shown)
  }
  for await (const text of chat(settings, messages, { signal })) show(parts.add(text))
  show(parts.end())
  const suggested = parts.lastBlock
  const explanation = words.join('').trim()
  if (suggested === undefined || suggested === redacted.text) return { explanation, change: null }
  const diff = printable(unifiedDiff(file.path, redacted.text, suggested))
  return { explanation, change: { file: { path: file.path, text: redactor.restore(suggested) }, diff } }
}

/** The errors of each file, the file with most of them first; at most `maxFiles`. Warnings and whole trees are not worth asking about. */
export function filesToAskAbout(
  diagnostics: readonly Diagnostic[],
  maxFiles: number,
): { readonly file: SourceFile; readonly diagnostics: readonly Diagnostic[] }[] {
  const errors = diagnostics.filter(({ severity, span }) => severity === 'error' && span.file.text !== '')
  return [...Map.groupBy(errors, ({ span }) => span.file)]
    .map(([file, of]) => ({ file, diagnostics: of }))
    .toSorted((a, b) => b.diagnostics.length - a.diagnostics.length)
    .slice(0, maxFiles)
}
