export { type Applied, applyBundle } from './apply.ts'
export { createBundle } from './create.ts'
export { BundleError } from './format.ts'
export { bundleStream } from './stream.ts'
