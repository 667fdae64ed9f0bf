export * from './bare-repository.ts'
export * from './errors.ts'
export { ErrorWords, ended, failure, git, gitEnvironment, startGit } from './git.ts'
export * from './quarantine.ts'
