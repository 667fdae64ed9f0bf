/** Bounds of one rendering. They count work, not time: the same template and data end in the same way on every machine. */
export interface TemplateLimits {
  /** UTF-16 units of the text that comes out, and of any text on the way to it. */
  readonly outputUnits: number
  /** Statements, calls, iterations and what functions go through: about a tenth of a microsecond each. */
  readonly steps: number
  /** `template` actions that are under way at the same time. */
  readonly calls: number
  /** What `range` over an integer may count to. */
  readonly rangeCount: number
}

export const DEFAULT_LIMITS: TemplateLimits = {
  outputUnits: 4 * 1024 * 1024,
  steps: 1_000_000,
  calls: 100,
  rangeCount: 100_000,
}

/** Longest text of a template, in UTF-16 units. */
export const MAX_TEMPLATE_UNITS = 1024 * 1024

/** Deepest nesting of blocks, and of parentheses in one action. */
export const MAX_NESTING = 100

/**
 * Blocks and parentheses that are open at the same time over all `template` actions that are under way. Evaluation recurses,
 * and a hundred calls into definitions of a hundred levels would not fit on the stack.
 */
export const MAX_OPEN_BLOCKS = 1000

/** Deepest nesting of a list or map that is printed or encoded. */
export const MAX_VALUE_DEPTH = 100

/** Most `|` of one action: what is left of each is evaluated within it. */
export const MAX_PIPES = 100

/** Longest chain `.a.b.c`. */
export const MAX_CHAIN = 64

/** Errors of one text; whoever has more has one cause. */
export const MAX_PROBLEMS = 20
