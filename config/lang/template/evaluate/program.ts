import type { Block, Definition, Expression, Pipeline } from '../syntax/tree.ts'
import { compileBlock } from './compile-block.ts'
import { compileExpression, compileOptional, compilePipeline } from './compile-expression.ts'
import type { CompiledDefinition, Compiler, Evaluate, EvaluateOptional, Execute } from './frame.ts'

/** The definitions of one text, compiled to closures. The text's own is called ''. */
export class Program implements Compiler {
  readonly text: string
  readonly #definitions = new Map<string, CompiledDefinition>()

  constructor(text: string, definitions: Iterable<Definition>) {
    this.text = text
    for (const { name, body, nesting } of definitions) {
      this.#definitions.set(name, { execute: this.block(body), nesting })
    }
  }

  expression(expression: Expression): Evaluate {
    return compileExpression(expression, this)
  }

  optional(expression: Expression): EvaluateOptional {
    return compileOptional(expression, this)
  }

  pipeline(pipeline: Pipeline): Evaluate {
    return compilePipeline(pipeline, this)
  }

  block(block: Block): Execute {
    return compileBlock(block, this)
  }

  definition(name: string): CompiledDefinition {
    const found = this.#definitions.get(name)
    if (found === undefined) throw new RangeError(`the template has no definition '${name}'`)
    return found
  }
}
