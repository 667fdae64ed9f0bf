import type { Place } from '../errors.ts'
import type { TemplateFunction } from '../functions/signature.ts'
import type { Value } from '../value.ts'

/** A block of a template in order. */
export type Statement =
  | { readonly kind: 'text'; readonly text: string }
  /** Prints its value, unless it declares or sets variables. */
  | { readonly kind: 'output'; readonly pipeline: Pipeline }
  /** `if` or `with` and their `else if`, `else with`. */
  | {
      readonly kind: 'if' | 'with'
      readonly branches: readonly { readonly condition: Pipeline; readonly body: Block }[]
      readonly otherwise: Block
    }
  | {
      readonly kind: 'range'
      readonly over: Pipeline
      readonly body: Block
      readonly otherwise: Block
    }
  | ({ readonly kind: 'template'; readonly name: string; readonly argument: Pipeline | undefined } & Place)
  | { readonly kind: 'break' }
  | { readonly kind: 'continue' }

export type Block = readonly Statement[]

/** What is named: the main text under '', and what `define` and `block` name. */
export interface Definition {
  readonly name: string
  readonly body: Block
  /** Deepest nesting of its blocks and parentheses. */
  readonly nesting: number
}

/** `$a, $b := value`; in `range` two variables get index and element. */
export interface Pipeline extends Place {
  readonly targets: readonly VariableTarget[]
  readonly sets: 'declared' | 'existing' | 'none'
  readonly value: Expression
}

export interface VariableTarget extends Place {
  readonly name: string
  readonly slot: number
}

/** One name of a chain `.a.b`, with its place. */
export interface ChainName extends Place {
  readonly name: string
}

export type Expression = Place &
  (
    | { readonly kind: 'literal'; readonly value: Value }
    /** The value that the innermost `with`, `range` or `template` set. */
    | { readonly kind: 'dot' }
    | { readonly kind: 'variable'; readonly name: string; readonly slot: number }
    | { readonly kind: 'chain'; readonly base: Expression; readonly names: readonly ChainName[] }
    | { readonly kind: 'parenthesis'; readonly pipeline: Pipeline }
    /** `piped`, the value of what is left of a `|`, is the last argument, and is evaluated first. */
    | {
        readonly kind: 'call'
        readonly name: string
        readonly function: TemplateFunction
        readonly arguments: readonly Expression[]
        readonly piped: Expression | undefined
      }
  )
