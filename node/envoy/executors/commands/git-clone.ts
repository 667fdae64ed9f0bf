import { ExecutorError } from '../errors.ts'
import type { Machine, RunResult } from '../machine.ts'
import { endOf, lastWords } from '../shell.ts'
import { headOf, type Remote, type RemoteHead, refsAskedFor } from './git-remote.ts'

/** What stands against what a clone's own configuration, or a hostile remote, would have git run or ask. */
const SETTINGS: readonly (readonly [string, string])[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['credential.interactive', 'false'],
  ['fetch.recurseSubmodules', 'false'],
  ['submodule.recurse', 'false'],
  // Would go on behind the command, and hold locks.
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
]

const ENVIRONMENT = {
  GIT_ALLOW_PROTOCOL: 'file:git:http:https:ssh',
  GIT_ASKPASS: '/bin/false',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_SSH_COMMAND: 'ssh -o BatchMode=yes',
  GIT_TERMINAL_PROMPT: '0',
}

/** The last commit that was checked out here: what is at it has no commits of its own. */
const APPLIED = 'refs/vigo/applied'

export interface CloneOptions {
  readonly machine: Machine
  /** Where git runs. */
  readonly folder: string
  /** As whom; null as the agent. A clone is only touched as its owner, whose configuration it has. */
  readonly user: string | null
  readonly remote: Remote
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** What git is asked and told. */
export class Clone {
  readonly #options: CloneOptions

  constructor(options: CloneOptions) {
    this.#options = options
  }

  /** @throws ExecutorError 'blocked' when the remote does not answer, 'failed' when it has no such branch */
  async remoteHead(branch: string | undefined): Promise<RemoteHead> {
    const { url } = this.#options.remote
    const answer = await this.#ask('blocked', 'ls-remote', '--symref', '--', url, ...refsAskedFor(branch))
    const head = headOf(answer, branch)
    if (head !== null) return head
    throw new ExecutorError('failed', `${url} has no ${branch === undefined ? 'commit' : `branch or tag '${branch}'`}`)
  }

  /** Null before the first commit was checked out. */
  async head(): Promise<string | null> {
    return await this.#commit('HEAD')
  }

  async url(): Promise<string> {
    const { stdout } = await this.#run('config', '--local', '--get', 'remote.origin.url')
    return stdout.trim()
  }

  async hasChanges(): Promise<boolean> {
    const answer = await this.#ask('failed', 'status', '--porcelain', '--untracked-files=no', '--ignore-submodules')
    return answer.trim() !== ''
  }

  /** May be called on what is a clone already. */
  async prepare(): Promise<void> {
    await this.#ask('failed', 'init', '--quiet', '--template=')
    await this.#ask('failed', 'config', '--local', 'remote.origin.url', this.#options.remote.url)
    await this.#ask('failed', 'config', '--local', 'remote.origin.fetch', '+refs/heads/*:refs/remotes/origin/*')
  }

  /** The commit that the branch or tag is at by now. */
  async fetch({ ref, localRef }: RemoteHead, depth: number | undefined): Promise<string> {
    const shallow = depth === undefined ? [] : [`--depth=${depth}`]
    await this.#ask('blocked', 'fetch', '--quiet', '--no-tags', ...shallow, 'origin', `+${ref}:${localRef}`)
    const commit = await this.#commit(localRef)
    if (commit !== null) return commit
    throw new ExecutorError('failed', `${ref} of ${this.#options.remote.url} is no commit`)
  }

  /** @throws ExecutorError 'failed' when local commits or changes are in the way, unless forced */
  async checkOut({ branch }: RemoteHead, commit: string, isForced: boolean): Promise<void> {
    const head = await this.head()
    if (!isForced && head !== null && !(await this.#mayLeave(head, commit))) {
      throw new ExecutorError(
        'failed',
        `the clone in ${this.#options.folder} has commits of its own; push them, or let 'force: true' throw them away`,
      )
    }
    const where = branch === null ? ['--detach'] : ['--no-track', '-B', branch]
    await this.#ask('failed', 'checkout', '--quiet', ...(isForced ? ['--force'] : []), ...where, commit)
    await this.#ask('failed', 'update-ref', APPLIED, commit)
  }

  /** A shallow clone does not know that an old commit comes before a new one; that it was put there by this executor it knows. */
  async #mayLeave(head: string, next: string): Promise<boolean> {
    if (head === next || head === (await this.#commit(APPLIED))) return true
    return (await this.#run('merge-base', '--is-ancestor', head, next)).exitCode === 0
  }

  async #commit(ref: string): Promise<string | null> {
    const { exitCode, stdout } = await this.#run('rev-parse', '--quiet', '--verify', `${ref}^{commit}`)
    return exitCode === 0 ? stdout.trim() : null
  }

  async #ask(fault: 'blocked' | 'failed', ...args: readonly string[]): Promise<string> {
    const result = await this.#run(...args)
    if (result.exitCode === 0) return result.stdout
    throw new ExecutorError(fault, `git ${args[0]} ${endOf(result, this.#options.timeoutMs)}: ${faultOf(result)}`)
  }

  async #run(...args: readonly string[]): Promise<RunResult> {
    const { machine, folder, user, remote, timeoutMs, signal } = this.#options
    const result = await machine.run('git', args, {
      signal,
      timeoutMs,
      cwd: folder,
      environment: { ...ENVIRONMENT, ...asEnvironment([...SETTINGS, ...remote.settings]) },
      ...(user === null ? {} : { user }),
    })
    if (!/dubious ownership/.test(result.stderr)) return result
    throw new ExecutorError(
      'unsafe',
      `parts of the clone in ${folder} belong to different users; 'owner' gives all of it to one, or remove it`,
    )
  }
}

/** Git tells what is wrong first, and then what one could do. */
function faultOf(result: RunResult): string {
  const lines = result.stderr.split('\n').filter(line => /^(?:fatal|error|remote): /.test(line))
  return lines.length === 0 ? lastWords(result) : lines.slice(0, 3).join(' | ').slice(0, 400)
}

/** Settings in the environment are not seen by others, and are stronger than those of the clone. */
function asEnvironment(settings: readonly (readonly [string, string])[]): Record<string, string> {
  const entries = settings.flatMap(([name, value], at) => [
    [`GIT_CONFIG_KEY_${at}`, name],
    [`GIT_CONFIG_VALUE_${at}`, value],
  ])
  return { ...Object.fromEntries(entries), GIT_CONFIG_COUNT: String(settings.length) }
}
