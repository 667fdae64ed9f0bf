export { examples } from './config/examples-text.ts'
