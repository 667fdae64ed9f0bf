import { InvalidArgumentError } from 'commander'
import type { ProgressMode } from './progress.ts'

const modes = ['auto', 'bar', 'json', 'none'] as const

export function progressOption(text: string): ProgressMode {
  const mode = modes.find(candidate => candidate === text)
  if (mode === undefined) throw new InvalidArgumentError(`must be one of ${modes.join(', ')}`)
  return mode
}
