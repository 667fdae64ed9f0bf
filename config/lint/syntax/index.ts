export { Lines } from './lines.ts'
export { Margin } from './margin.ts'
export { type Block, type Item, skeletonOf } from './skeleton.ts'
