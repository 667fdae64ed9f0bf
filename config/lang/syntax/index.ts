export { decodeSource, refuseSize } from './decode.ts'
export { MAX_DEPTH, MAX_NODES, MAX_SOURCE_BYTES } from './limits.ts'
export { type ParsedSource, parseSource } from './parse.ts'
export { placeInside } from './place.ts'
