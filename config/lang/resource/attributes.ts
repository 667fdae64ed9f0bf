/* Attributes that several resource types have. */

/** The file that a resource manages or edits. */
export const targetPath = (description: string) =>
  ({
    name: 'target_path',
    type: { kind: 'path' },
    required: true,
    description,
    aliases: ['targetpath', 'path'],
  }) as const

export const state = <const V extends readonly string[]>(
  values: V,
  initial: V[number],
  description: string,
  instead: Readonly<Record<string, string>> = {},
) => ({ name: 'state', type: { kind: 'enum', values, instead }, default: initial, description }) as const

export const presentOrAbsent = (description: string, instead: Readonly<Record<string, string>> = {}) =>
  state(['present', 'absent'], 'present', description, { ...FOREIGN_STATES, ...instead })

const FOREIGN_STATES = {
  installed: "write 'state: present'",
  created: "write 'state: present'",
  removed: "write 'state: absent'",
  deleted: "write 'state: absent'",
}

export const owner = { name: 'owner', type: { kind: 'string' }, description: 'User that owns it.' } as const

export const group = { name: 'group', type: { kind: 'string' }, description: 'Group that owns it.' } as const

export const backup = {
  name: 'backup',
  type: { kind: 'string' },
  description:
    'Keeps the old file when the contents change: `true` as `<path>.<epoch>.bak`, any other text is the suffix of the copy.',
} as const

export const timeout = (seconds: number) =>
  ({
    name: 'timeout',
    type: { kind: 'duration' },
    default: seconds,
    description: 'How long one run may take before it is ended and counts as failed.',
    aliases: ['timeout_secs'],
  }) as const

export const sha256 = {
  name: 'sha256',
  type: { kind: 'string', pattern: /^[0-9a-f]{64}$/i, patternMeans: '64 hexadecimal digits' },
  description: 'What the downloaded bytes must hash to.',
} as const
