import { checkAttribute } from '../attribute/index.ts'
import type { Diagnostics } from '../diagnostic.ts'
import type { MapEntry } from '../node.ts'
import type { AttributeSchema } from '../schema.ts'

const SHARE = /^(?:[1-9]\d{0,8}|[1-9]\d?%|100%)$/
const SHARE_OR_NONE = /^(?:\d{1,9}|\d{1,2}%|100%)$/

const settings: readonly AttributeSchema[] = [
  {
    name: 'target',
    type: { kind: 'string' },
    description: 'Hosts: names, globs, `key=value` traits, exclusions with `-` before them.',
  },
  { name: 'timeout', type: { kind: 'duration' }, default: 60, description: 'How long one host may take.' },
  {
    name: 'batch_size',
    type: { kind: 'string', pattern: SHARE, patternMeans: 'a number of hosts such as 5, or a share such as 25%' },
    description: 'Hosts that work at the same time.',
  },
  {
    name: 'max_failures',
    type: {
      kind: 'string',
      pattern: SHARE_OR_NONE,
      patternMeans: 'a number of hosts such as 2, or a share such as 10%',
    },
    description: 'More failures end the run.',
  },
  { name: 'health_check', type: { kind: 'text' }, description: 'Command that must succeed between two batches.' },
  {
    name: 'health_check_url',
    type: { kind: 'url' },
    description: 'URL that must answer with 2xx between two batches.',
  },
  {
    name: 'nice',
    type: { kind: 'integer', min: 0, max: 19 },
    default: 0,
    description: 'Scheduling priority of the command.',
  },
]

/** What the author of a task may set for its runs; the command line is stronger. */
export const taskSettings: ReadonlyMap<string, AttributeSchema> = new Map(
  settings.map(setting => [setting.name, setting]),
)

export function checkSetting({ key, value }: MapEntry, diagnostics: Diagnostics): void {
  const setting = taskSettings.get(key)
  if (setting === undefined) return
  const checked = checkAttribute(setting, value)
  if ('problem' in checked) diagnostics.error(checked.problem)
}
