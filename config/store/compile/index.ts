export type * from './bundle.ts'
export { type CompileResult, compile, compileExample } from './compile.ts'
export { sampleTraits } from './samples.ts'
export type { Traits } from './traits.ts'
