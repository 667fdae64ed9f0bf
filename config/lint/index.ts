export * from './fix.ts'
export * from './lint.ts'
