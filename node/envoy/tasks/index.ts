export { TaskError, Tasks, type TasksOptions } from './tasks.ts'
