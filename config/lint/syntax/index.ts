export { type Lexed, type Lexeme, lexemesOf } from './lexemes.ts'
export { Lines } from './lines.ts'
export { Margin } from './margin.ts'
export { type Block, type Item, skeletonOf } from './skeleton.ts'
