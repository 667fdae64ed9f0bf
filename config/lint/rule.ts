import type { Diagnostics } from '#config/lang'
import type { Edit } from './edit.ts'
import type { View } from './view.ts'

export type Stage = 'repair' | 'structure' | 'schema' | 'labels'

interface RuleBase {
  /** Stable kebab-case; what changes and diagnostics are called. */
  readonly name: string
  readonly files: 'every file' | 'crates'
  /** For the documents: what the rule does. */
  readonly summary: string
}

/** Changes the text. Its edits are proven as a whole: it need not defend itself against what the proof would find. */
export interface FixRule extends RuleBase {
  readonly stage: Exclude<Stage, 'schema'>
  /** Works on texts that YAML cannot be read from. All others see readable files only. */
  readonly isTextual?: boolean
  readonly fix: (view: View) => readonly Edit[]
}

/** Warns of what the reader of the language accepts. */
export interface CheckRule extends RuleBase {
  readonly stage: 'schema'
  readonly check: (view: View, diagnostics: Diagnostics) => void
}

export type Rule = FixRule | CheckRule
