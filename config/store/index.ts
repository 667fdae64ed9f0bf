export * from './compile/index.ts'
export * from './release/index.ts'
export {
  type ConfigStore,
  type LoadFolderOptions,
  type LoadOptions,
  loadConfig,
  loadFolder,
  ReadCache,
} from './tree/index.ts'
export * from './validate/index.ts'
