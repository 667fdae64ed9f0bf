import { InvalidArgumentError } from 'commander'
import { messageOf, parseDuration } from '#node/kit'

/** For options that may be given several times. */
export function collect(value: string, previous: string[]): string[] {
  return [...previous, value]
}

/** Reads `90s`, `15m`, `24h` into milliseconds. */
export function durationOption(text: string): number {
  try {
    return parseDuration(text)
  } catch (error) {
    throw new InvalidArgumentError(messageOf(error))
  }
}
