export type * from './bundle.ts'
export { type CompileResult, compile, compiledFor, type Traits } from './compile.ts'
