/** Largest file of a stacks tree. */
export const MAX_SOURCE_BYTES = 1024 * 1024

/** Deepest nesting of maps and lists, aliases expanded. Also what keeps recursion over a tree of values safe. */
export const MAX_DEPTH = 64

/** Most values of one file, aliases expanded. */
export const MAX_NODES = 100_000

/** Most text that aliases may stand for, in UTF-16 units: whoever reads values reads the text of each alias again. */
export const MAX_ALIASED_TEXT = 4 * 1024 * 1024

/** Most lexical tokens of one file: what a megabyte of ordinary configuration has, and a second's work at most. */
export const MAX_LEXEMES = 500_000

/** Most syntax errors that are read from one file. */
export const MAX_SYNTAX_ERRORS = 1000
