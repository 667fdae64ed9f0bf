export interface WhenLimits {
  /** Longest condition in UTF-16 units, not counting the space between its parts. What `formatWhen` prints is never longer. */
  readonly units: number
  /** Deepest nesting of parentheses and `!`. */
  readonly depth: number
}

/** Of a condition that an author writes. */
export const WHEN_LIMITS: WhenLimits = { units: 4096, depth: 64 }

/** Of a condition that the server made of several, for the agent to read. */
export const JOINED_WHEN_LIMITS: WhenLimits = { units: 64 * 1024, depth: 256 }

/** A text is at most so many times longer than its condition. */
export const MAX_SPACE = 4

/** Errors of one text. */
export const MAX_WHEN_PROBLEMS = 10

/** Hosts that have less memory are small: `has_enough_ram`. */
export const ENOUGH_RAM_MB = 1024

/** Globs with more stars could take long to match. */
export const MAX_GLOB_STARS = 3
