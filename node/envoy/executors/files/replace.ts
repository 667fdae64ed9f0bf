import { ExecutorError } from '../errors.ts'
import type { ExecutorOf } from '../executor.ts'
import { editing } from './editing.ts'
import { Pattern } from './pattern.ts'

export const replaceExecutor: ExecutorOf<'replace'> = editing('replace', {
  path: ({ target_path }) => target_path,
  creates: () => false,
  removes: () => false,
  edit: (text, { pattern: source, replacement, target_path }) => {
    const pattern = new Pattern(source, 'gm')
    const replaced = pattern.replaceAll(text, replacement)
    if (replaced === text || pattern.replaceAll(replaced, replacement) === replaced) return replaced
    throw new ExecutorError(
      'failed',
      `the replacement in ${target_path} matches '${source}' again, so that it would change in every run; make the pattern more exact`,
    )
  },
})
