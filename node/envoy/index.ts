export * from './compose.ts'
export * from './enroll.ts'
