export * from './bare-repository.ts'
export * from './errors.ts'
export { ErrorWords, ended, git, gitEnvironment, startGit } from './git.ts'
export * from './quarantine.ts'
