export * from './bitfield.ts'
export * from './chunker.ts'
export { CHUNKER_MODULE } from './chunker-module.ts'
export {
  AVERAGE_CHUNK_BYTES,
  MANIFEST_VERSION,
  MAX_CHUNK_BYTES,
  MAX_MANIFEST_BYTES,
  MIN_CHUNK_BYTES,
} from './constants.ts'
export * from './errors.ts'
export * from './manifest.ts'
export type * from './types.ts'
