import type { BundleResource } from '#config/store'
import type { ResourceResult } from '#node/checkin'
import type { Verdict } from './judge.ts'
import { isTooShort, MASK, type Masker } from './mask.ts'
import { endOf, MAX_CHANGES, MAX_MESSAGE_UNITS, MAX_TEXT_UNITS, MAX_VALUE_UNITS, startOf } from './report.ts'

/** Longer output was already cut by whoever ran the command, perhaps in the middle of a secret. */
const MAX_UNCUT_UNITS = 60 * 1024

/**
 * What is kept and told of a turn: secrets hidden first, then texts cut. `held` are the values of the secrets that the resource's
 * own attributes refer to: with any, there is no diff; with one too short to be recognised, neither values nor output.
 */
export function resultOf(
  { id, type }: Pick<BundleResource, 'id' | 'type'>,
  verdict: Verdict,
  durationMs: number,
  { masker, held }: { masker: Masker; held: readonly string[] },
): ResourceResult {
  const isMute = held.some(isTooShort)
  const { state, message, changes, diff, output } = verdict
  const value = (text: string): string => (isMute ? MASK : startOf(masker.mask(text), MAX_VALUE_UNITS))
  const isTold = output !== undefined && !isMute && (held.length === 0 || output.length < MAX_UNCUT_UNITS)
  return {
    id: startOf(id, 512),
    type: startOf(type, 64),
    state,
    ...(message === undefined
      ? {}
      : { message: isMute ? mutedMessage(state) : startOf(masker.mask(message), MAX_MESSAGE_UNITS) }),
    ...(changes === undefined
      ? {}
      : {
          changes: changes.slice(0, MAX_CHANGES).map(({ attribute, from, to }) => ({
            attribute: startOf(attribute, 64),
            from: value(from),
            to: value(to),
          })),
        }),
    ...(diff === undefined || held.length > 0 ? {} : { diff: startOf(masker.mask(diff), MAX_TEXT_UNITS) }),
    ...(isTold ? { output: endOf(masker.mask(output), MAX_TEXT_UNITS) } : {}),
    durationMs: Math.max(0, Math.round(durationMs)),
  }
}

function mutedMessage(state: string): string {
  return `${state}; the message is not shown, because the resource holds a secret that is too short to be hidden in it`
}
