export { readDeclarations } from './read.ts'
