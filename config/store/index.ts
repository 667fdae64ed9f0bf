export * from './compile/index.ts'
export * from './diff/index.ts'
export * from './explain/index.ts'
export * from './release/index.ts'
export { LARGE_TREE, type SampleSize, sampleHost, sampleTree } from './sample/index.ts'
export {
  type ConfigStore,
  hashOfSource,
  type LoadFolderOptions,
  type LoadOptions,
  type LoadTreeOptions,
  loadConfig,
  loadFolder,
  loadTree,
  Memory,
  ReadCache,
} from './tree/index.ts'
export * from './validate/index.ts'
