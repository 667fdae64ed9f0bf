export { type CommandOptions, refusalOfCommand } from './command.ts'
export { mayEndAgent, refusalOf } from './resource.ts'
