export { type Stripped, stripComments } from './strip-comments.ts'
