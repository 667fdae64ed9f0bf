import type { FromBolt } from '#node/checkin'
import type { BundleFile } from './bundle-file.ts'
import { readBundle } from './received-bundle.ts'
import type { SecretValues } from './secret-values.ts'
import type { Answer } from './state.ts'

type FromBoltOf<T extends FromBolt['type']> = Extract<FromBolt, { type: T }>

export type CheckInAnswer = FromBoltOf<'unchanged' | 'bundle' | 'no-policy' | 'refused'>

/** What an answer means for the loop; `problem` says why it brings nothing to apply, and is empty when it does. */
export interface Understood {
  readonly answer: Answer
  readonly problem: string
}

interface Keepers {
  readonly bundles: BundleFile
  readonly secretValues: SecretValues
}

/** Takes over what an answer brings. A bundle that is malformed or for another host changes nothing. */
export async function understand(message: CheckInAnswer, { bundles, secretValues }: Keepers): Promise<Understood> {
  switch (message.type) {
    case 'refused':
      return refused(message.retryMs, `the server says: ${startOf(message.message)}`)
    case 'no-policy':
      await bundles.forget()
      return {
        answer: { kind: 'no-policy', intervalMs: message.intervalMs },
        problem: `the server has nothing for this machine: ${startOf(message.reason)}`,
      }
    case 'unchanged': {
      const { intervalMs, release, secretsEpoch } = message
      if (bundles.current === null) {
        return refused(intervalMs, 'the server says that nothing has changed, and no bundle is kept here')
      }
      if (/^[0-9a-f]{64}$/.test(release)) await bundles.belongsTo(release)
      const isNew = secretValues.expect(secretsEpoch)
      return understood(isNew ? { kind: 'bundle', intervalMs, isNew } : { kind: 'unchanged', intervalMs })
    }
    case 'bundle': {
      const { intervalMs, secretsEpoch } = message
      const bundle = readBundle(message.bundle)
      const refusal = bundle === null ? 'it is malformed' : bundles.refusalOf(bundle)
      if (bundle === null || refusal !== null) {
        return refused(intervalMs, `the bundle that the server sent was refused: ${refusal}`)
      }
      const hasNewSecrets = secretValues.expect(secretsEpoch)
      const isNew = bundles.current?.hash !== bundle.hash || hasNewSecrets
      await bundles.keep(bundle)
      return understood({ kind: 'bundle', intervalMs, isNew })
    }
  }
}

function understood(answer: Answer): Understood {
  return { answer, problem: '' }
}

function refused(retryMs: number, problem: string): Understood {
  return { answer: { kind: 'refused', retryMs }, problem }
}

/** Of a text that somebody else wrote, for a log or a status. */
export function startOf(text: unknown): string {
  return String(text).slice(0, 1000)
}
