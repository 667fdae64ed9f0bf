/** Longest condition in UTF-16 units, not counting the space between its parts. What `formatWhen` prints is never longer. */
export const MAX_WHEN_UNITS = 4096

/** Longest text of a condition, space included. */
export const MAX_WHEN_TEXT_UNITS = 16 * 1024

/** Deepest nesting of parentheses and `!`. */
export const MAX_WHEN_DEPTH = 64

/** Errors of one text. */
export const MAX_WHEN_PROBLEMS = 10

/** Hosts that have less memory are small: `has_enough_ram`. */
export const ENOUGH_RAM_MB = 1024

/** Globs with more stars could take long to match. */
export const MAX_GLOB_STARS = 3
