export { addJoin } from './join.ts'
