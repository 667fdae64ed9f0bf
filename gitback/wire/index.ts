export * from './errors.ts'
export { type FetchOptions, fetchObjects } from './fetch.ts'
export { type ServeOptions, serveUploadPack } from './serve.ts'
