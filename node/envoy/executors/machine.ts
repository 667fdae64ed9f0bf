import type { Logger } from '#node/kit'

/** The machine that executors act on: the real one, or a sandbox below `root`. */
export interface Machine {
  /** `/` on a real machine. */
  readonly root: string
  readonly isSandboxed: boolean
  /** Values of the last collection of traits, by path: `os.family`. */
  trait(path: string): unknown
  /** Where a path of the configuration is: below the root. Lexical only; `..` cannot leave the root. */
  path(absolute: string): string
  /** Runs a program to its end, without a shell. Output beyond the limit is dropped from its middle. @throws ExecutorError 'blocked' when there is no such program */
  run(program: string, args: readonly string[], options: RunOptions): Promise<RunResult>
  /** Starts a program that outlives the agent: a session of its own, nothing to read, output discarded. @throws ExecutorError 'blocked' when there is no such program */
  start(program: string, args: readonly string[], options: StartOptions): Promise<Started>
  /** Who is who on the real machine, also in a sandbox. */
  readonly accounts: Accounts
  /** Where an artifact's file is, fetched and verified. @throws ExecutorError 'blocked' */
  artifact(reference: string, options: { signal: AbortSignal }): Promise<string>
  /** Fetches a URL into a temporary file of the machine, which the caller removes. @throws ExecutorError 'blocked' for an answer that is not 2xx or more than `maxBytes` */
  download(url: string, options: { signal: AbortSignal; maxBytes?: number; sha256?: string }): Promise<string>
  /** A folder of this agent for what an executor must remember, mode 0700. */
  readonly stateFolder: string
  /** Of the user flags that `node/member` reads: `usercrate-policy/<user>.json`. */
  readonly usercratePolicy: string
  readonly logger: Logger
}

export interface RunOptions {
  readonly signal: AbortSignal
  /** After this the whole process group gets SIGTERM and, five seconds later, SIGKILL. */
  readonly timeoutMs: number
  /** A real path: what `path()` answers. */
  readonly cwd?: string
  /** Instead of the agent's; PATH, HOME, LANG=C.UTF-8 are always set. */
  readonly environment?: Readonly<Record<string, string>>
  readonly stdin?: string | Uint8Array
  /** User name that it runs as; only root may say another than its own. */
  readonly user?: string
  /** 0 to 19, CPU and disk. */
  readonly nice?: number
  /** For each of stdout and stderr. Default: 64 KiB. */
  readonly maxOutputBytes?: number
}

export type StartOptions = Pick<RunOptions, 'signal' | 'cwd' | 'environment' | 'user' | 'nice'>

export interface Started {
  readonly pid: number
  /** Never rejects. */
  readonly ended: Promise<void>
}

export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
}

/** Names come before numbers; a name of digits only is also taken as the number. Null when there is nobody of that name. */
export interface Accounts {
  user(name: string, options: { signal: AbortSignal }): Promise<Account | null>
  group(name: string, options: { signal: AbortSignal }): Promise<{ readonly name: string; readonly gid: number } | null>
  /** For people: the name, or the number where it has none. */
  userName(uid: number): Promise<string>
  groupName(gid: number): Promise<string>
  /** Whether the agent may give files away and run as others. In a sandbox without that, its own account stands for every account. */
  readonly canImpersonate: boolean
}

export interface RunResult {
  /** Null when a signal ended it. */
  readonly exitCode: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
  readonly isTimedOut: boolean
}
