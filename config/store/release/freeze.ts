import { rm } from 'node:fs/promises'
import { codeOf, parseDuration, syncFolder, writeFileAtomic } from '#node/kit'
import { explained, ReleaseError } from './errors.ts'
import { makeFolders } from './folders.ts'
import type { ReleasePlaces } from './places.ts'
import { object, type Shaped, text, time } from './shape.ts'
import { readSmallFile } from './small-file.ts'

const isFreeze = object({
  author: text({ maxLength: 200 }),
  reason: text({ maxLength: 2000 }),
  since: time,
  until: time,
})

/** Nothing is published before `until`. */
export type Freeze = Shaped<typeof isFreeze>

const MAX_FREEZE_BYTES = 64 * 1024

/** A freeze that nobody lifts must end by itself. */
const MAX_FREEZE_MS = 366 * 86_400_000

/**
 * `90m`, `3d`, `2027-01-04` (its beginning, UTC) or an ISO 8601 time, as Unix milliseconds.
 *
 * @throws ReleaseError 'bad-freeze'
 */
export function parseUntil(text: string, now: number): number {
  const until = /^[0-9.]+(?:ms|s|m|h|d)/.test(text) ? afterDuration(text, now) : dateOf(text)
  if (until <= now) throw new ReleaseError('bad-freeze', `'${text}' is over already; name a time that is still to come`)
  if (until > now + MAX_FREEZE_MS) {
    throw new ReleaseError('bad-freeze', `'${text}' is more than a year away; freeze for less, and again if need be`)
  }
  return until
}

function afterDuration(text: string, now: number): number {
  try {
    return now + parseDuration(text)
  } catch (error) {
    throw new ReleaseError('bad-freeze', badTime(text), { cause: error })
  }
}

function dateOf(text: string): number {
  const form =
    /^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,3})?)?(?:Z|[+-][0-9]{2}:[0-9]{2}))?$/
  const time = form.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time)) throw new ReleaseError('bad-freeze', badTime(text))
  return time
}

function badTime(text: string): string {
  return `'${text.slice(0, 100)}' is not a time; write for example 4h, 3d, 2027-01-04 or 2027-01-04T18:00:00Z`
}

export async function writeFreeze(places: ReleasePlaces, freeze: Freeze): Promise<void> {
  await makeFolders(places)
  await explained(`write ${places.freeze}`, async () => {
    await writeFileAtomic(places.freeze, `${JSON.stringify({ format: 1, ...freeze }, null, 1)}\n`, { mode: 0o640 })
  })
}

/** False when nothing was frozen. */
export async function removeFreeze(places: ReleasePlaces): Promise<boolean> {
  return await explained(`remove ${places.freeze}`, async () => {
    try {
      await rm(places.freeze)
      await syncFolder(places.releases)
      return true
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return false
      throw error
    }
  })
}

/**
 * The freeze that holds now, null when there is none or it is over.
 *
 * @throws ReleaseError 'bad-freeze' for a file that cannot be understood: nobody knows how long it was meant to hold
 */
export async function readFreeze(places: ReleasePlaces, now: number): Promise<Freeze | null> {
  const text = await readSmallFile(places.freeze, MAX_FREEZE_BYTES)
  if (text === null) return null
  const value = parsed(text)
  if (!isFreeze(value) || Number.isNaN(Date.parse(value.until))) {
    throw new ReleaseError(
      'bad-freeze',
      `${places.freeze} cannot be understood, so publishing stays frozen; unfreeze removes it`,
    )
  }
  return Date.parse(value.until) <= now ? null : value
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function frozenError({ author, reason, since, until }: Freeze): ReleaseError {
  const why = reason === '' ? 'no reason given' : reason
  return new ReleaseError(
    'frozen',
    `publishing is frozen until ${until} by ${author} since ${since}: ${why}. Wait, or ask ${author} to unfreeze it`,
    { context: { author, reason, since, until } },
  )
}
