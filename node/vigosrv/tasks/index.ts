export * from './errors.ts'
export { createTasks, type Tasks, type TasksOptions } from './task-service.ts'
export type * from './types.ts'
