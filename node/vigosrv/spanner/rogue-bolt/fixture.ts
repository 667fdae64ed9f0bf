import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Layout, silentLogger, toHex } from '#node/kit'
import { type Member, readIdentity, readSettings, ServerSettings, startMember, swarmOf } from '#node/member'
import { type Signer, signerFromSeed, signRecord } from '#swarm/record'
import { MAIN, stacksId } from '../stacks-project.ts'

const run = promisify(execFile)

export interface TreeEntry {
  /** As git has it: 100644, 100755, 120000, 160000. */
  readonly mode?: string
  readonly path: string
  readonly content: string
}

/** A server of the fleet that runs a program of its own: its key is good, and it commits to the stacks with stock git whatever it likes. */
export class RogueBolt implements AsyncDisposable {
  readonly #member: Member
  readonly #signer: Signer
  readonly #folder: string
  readonly #project: string

  private constructor(member: Member, signer: Signer, folder: string) {
    this.#member = member
    this.#signer = signer
    this.#folder = folder
    this.#project = stacksId(member.fleetId)
  }

  /** In the place of a server that was stopped. */
  static async open(layout: Layout): Promise<RogueBolt> {
    const seed = await readIdentity(layout.identityKey)
    const settings = await readSettings<ServerSettings>(layout.serverYaml, ServerSettings)
    if (seed === null || settings === null) throw new Error('there is no server to play')
    const signer = signerFromSeed(seed)
    const member = await startMember({
      layout,
      fleetId: settings.fleet ?? toHex(signer.publicKey),
      seed,
      hostname: settings.hostname,
      swarm: swarmOf({ relay: 'server', ...settings.swarm }, layout.serverYaml),
      bootstrap: settings.bootstrap ?? [],
      logger: silentLogger,
    })
    return new RogueBolt(member, signer, await mkdtemp(join(tmpdir(), 'vs-')))
  }

  async head(): Promise<string> {
    return await this.#git('rev-parse', MAIN)
  }

  /** On top of the newest release. Answers the commit. */
  async commit(message: string, entries: readonly TreeEntry[]): Promise<string> {
    await this.#git('read-tree', '--empty')
    for (const { mode = '100644', path, content } of entries) {
      const object = mode === '160000' ? content : await this.#blob(content)
      await this.#git('update-index', '--add', '--cacheinfo', `${mode},${object},${path}`)
    }
    const tree = await this.#git('write-tree')
    const commit = await this.#git('commit-tree', tree, '-p', await this.head(), '-m', message)
    await this.#git('update-ref', `refs/hidden/${commit}`, commit)
    return commit
  }

  /** Says, signed, that the commit is the newest. */
  async claim(commit: string): Promise<void> {
    const { replicator, projects, replication, fleetId } = this.#member
    const signer = toHex(this.#signer.publicKey)
    const body = await replicator.draft(this.#project, { ref: MAIN, to: commit, signer, ends: 'all' })
    const record = await signRecord('ref-update', body, fleetId, this.#signer)
    await projects.offer(record, { sync: true })
    await replication.publish('refs', record)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#member.close()
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #blob(content: string): Promise<string> {
    const child = run('git', ['hash-object', '-w', '--stdin'], { env: this.#environment() })
    child.child.stdin?.end(content)
    return (await child).stdout.trim()
  }

  async #git(...args: string[]): Promise<string> {
    const { stdout } = await run('git', args, { env: this.#environment() })
    return stdout.trim()
  }

  #environment(): NodeJS.ProcessEnv {
    return {
      PATH: process.env['PATH'],
      HOME: this.#folder,
      GIT_DIR: this.#member.replicator.folderOf(this.#project),
      GIT_INDEX_FILE: join(this.#folder, 'index'),
      GIT_AUTHOR_NAME: 'Eve',
      GIT_AUTHOR_EMAIL: 'eve@example.com',
      GIT_COMMITTER_NAME: 'Eve',
      GIT_COMMITTER_EMAIL: 'eve@example.com',
    }
  }
}
