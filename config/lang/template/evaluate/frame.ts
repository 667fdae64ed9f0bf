import type { Block, Expression, Pipeline } from '../syntax/tree.ts'
import type { Value } from '../value.ts'
import type { Run } from './run.ts'

/** One call of a definition: its dot and its variables, of which slot 0 is `$`. */
export interface Frame {
  readonly run: Run
  /** The main text's data, for messages about namespaces. */
  readonly root: Value
  readonly slots: Value[]
  dot: Value
}

export type Evaluate = (frame: Frame) => Value
/** Undefined: a key on the way does not exist. */
export type EvaluateOptional = (frame: Frame) => Value | undefined

/** How a statement ended. */
export const NORMAL = 0
export const BREAK = 1
export const CONTINUE = 2
export type Ending = typeof NORMAL | typeof BREAK | typeof CONTINUE
export type Execute = (frame: Frame) => Ending

export interface CompiledDefinition {
  readonly execute: Execute
  readonly nesting: number
}

/** What the parts of a template are compiled with. */
export interface Compiler {
  /** What the places of expressions are in. */
  readonly text: string
  expression(expression: Expression): Evaluate
  /**
   * As an argument of `default` and the like: undefined where a key does not exist. That goes through chains, `index` and
   * parentheses, not through other functions.
   */
  optional(expression: Expression): EvaluateOptional
  /** The value of a pipeline, after its variables have got it. */
  pipeline(pipeline: Pipeline): Evaluate
  block(block: Block): Execute
  /** Of a name that the parser has seen defined; to be called while rendering. */
  definition(name: string): CompiledDefinition
}
