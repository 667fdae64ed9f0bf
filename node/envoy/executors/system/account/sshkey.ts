import { posix } from 'node:path'
import { change } from '../../change.ts'
import { ExecutorError } from '../../errors.ts'
import type { ExecutorOf, ExecutorOptions } from '../../executor.ts'
import { planFile } from '../../files/plan-file.ts'
import type { Account, Machine } from '../../machine.ts'
import { MissingYet, type Plan, planned } from '../../planned.ts'
import { entryAt, findPlace, kindNames, readEntry } from '../../safe-files/index.ts'
import type { Step } from '../step.ts'
import { keyFileOf, keyFileSteps } from './authorized-keys.ts'
import { type KeyLine, keyLine, parseKeyLine, parseWantedKey } from './key-line.ts'

type SshkeyAttributes = Parameters<ExecutorOf<'sshkey'>['check']>[0]

const MAX_BYTES = 2 ** 20

export const sshkeyExecutor: ExecutorOf<'sshkey'> = planned<SshkeyAttributes>(
  { type: 'sshkey', reach: 'paths', acts: 'until-compliant' },
  async (attributes, machine, options) => {
    const { user, target_path, state } = attributes
    const wanted = parseWantedKey(attributes.key, attributes.key_type)
    const account = await machine.accounts.user(user, options)
    if (account === null) {
      if (state === 'absent' && target_path === undefined) return { kind: 'compliant' }
      if (target_path === undefined) {
        throw new MissingYet(
          `this machine has no user '${user}'; declare the user as a resource that this one depends on`,
        )
      }
    }
    const path = target_path ?? keyFileOf(account?.home ?? '/')
    const text = await textAt(path, machine, options)
    const edited = edit(text ?? '', wanted, attributes)
    if (edited === text || (text === null && state === 'absent')) return { kind: 'compliant' }
    const steps = await stepsTo(edited, path, account, machine, options)
    const fingerprint = `${wanted.type} …${wanted.blob.slice(-12)}`
    return {
      kind: 'different',
      changes: [change('key', ...told(text, wanted, state, fingerprint))],
      carryOut: async () => {
        for (const step of steps) await step.run()
        return {}
      },
    } satisfies Plan
  },
)

function told(text: string | null, wanted: KeyLine, state: string, name: string): [from: string, to: string] {
  const isThere = (text ?? '').split('\n').some(line => parseKeyLine(line)?.blob === wanted.blob)
  if (state === 'absent') return [name, 'absent']
  return [isThere ? `${name} with other options or comment` : 'absent', name]
}

/** The lines of other keys stay as they are; of several lines of this key one is left. */
function edit(text: string, wanted: KeyLine, { state, options, comment }: SshkeyAttributes): string {
  if (/[\r\n\0]/.test(`${options ?? ''}${comment ?? ''}`)) {
    throw new ExecutorError('failed', 'options and comment of an SSH key are one line')
  }
  const lines = text.split('\n')
  const matching = lines.map(line => parseKeyLine(line)).filter(line => line?.blob === wanted.blob)
  const present = matching[0]
  const line = keyLine({
    ...wanted,
    options: options?.trim() ?? (wanted.options === '' ? (present?.options ?? '') : wanted.options),
    comment: comment?.trim() ?? (wanted.comment === '' ? (present?.comment ?? '') : wanted.comment),
  })
  if (parseKeyLine(line)?.blob !== wanted.blob) {
    throw new ExecutorError(
      'failed',
      'the options of the SSH key are not understood; quotes must be closed, and only they hold spaces',
    )
  }
  let isPlaced = state === 'absent'
  const edited = lines.flatMap(each => {
    if (parseKeyLine(each)?.blob !== wanted.blob) return [each]
    if (isPlaced) return []
    isPlaced = true
    return [line]
  })
  if (isPlaced) return edited.join('\n')
  const rest = edited.join('\n')
  return `${rest}${rest === '' || rest.endsWith('\n') ? '' : '\n'}${line}\n`
}

async function stepsTo(
  contents: string,
  path: string,
  account: Account | null,
  machine: Machine,
  options: ExecutorOptions,
): Promise<Step[]> {
  if (account !== null && path === keyFileOf(account.home)) return keyFileSteps(contents, account, machine, options)
  const folder = await findPlace(machine, path, options)
  if (folder === null) {
    throw new MissingYet(
      `the directory ${posix.dirname(path)} does not exist; declare it as a resource that this one depends on`,
    )
  }
  await folder[Symbol.asyncDispose]()
  const file = { path, contents: Buffer.from(contents) }
  const run = async () => {
    const plan = await planFile(file, machine, options)
    if (plan.kind === 'different') await plan.carryOut()
  }
  return [{ change: change('key', '', ''), run }]
}

/** Null when there is none. */
async function textAt(path: string, machine: Machine, options: ExecutorOptions): Promise<string | null> {
  await using place = await findPlace(machine, path, options)
  if (place === null) return null
  const entry = await entryAt(place, options)
  if (entry.kind === 'missing') return null
  if (entry.kind !== 'file') throw new ExecutorError('unsafe', `${path} is ${kindNames[entry.kind]}, not a file`)
  return (await readEntry(place, { ...options, maxBytes: MAX_BYTES })).contents.toString('utf8')
}
