import { execFile, execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { BareRepository, git } from '#gitback/repo'

const run = promisify(execFile)

/** A folder for one test, with repositories and work trees that stock git makes in it. */
export class Workshop implements AsyncDisposable {
  readonly folder: string

  private constructor(folder: string) {
    this.folder = folder
  }

  static async open(): Promise<Workshop> {
    return new Workshop(await mkdtemp(join(tmpdir(), 'vg-')))
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts)
  }

  bare(name: string): Promise<BareRepository> {
    return BareRepository.open(this.path(`${name}.git`))
  }

  /** Stock git, with a configuration of its own. */
  async git(where: string, ...args: string[]): Promise<string> {
    const { stdout } = await run('git', args, {
      cwd: this.path(where),
      env: {
        PATH: process.env['PATH'],
        HOME: this.folder,
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_AUTHOR_NAME: 'Ada',
        GIT_AUTHOR_EMAIL: 'ada@example.com',
        GIT_COMMITTER_NAME: 'Ada',
        GIT_COMMITTER_EMAIL: 'ada@example.com',
        GIT_CONFIG_COUNT: '2',
        GIT_CONFIG_KEY_0: 'init.defaultBranch',
        GIT_CONFIG_VALUE_0: 'main',
        GIT_CONFIG_KEY_1: 'safe.directory',
        GIT_CONFIG_VALUE_1: '*',
      },
    })
    return stdout.trim()
  }

  /** A work tree whose commits go to the bare repository of the same workshop. */
  async workTree(name: string, bare: BareRepository): Promise<void> {
    await this.git('.', 'clone', '--quiet', bare.folder, name)
  }

  /** Commits files and pushes them; answers the commit. */
  async commit(tree: string, files: Readonly<Record<string, string>>, branch = 'main'): Promise<string> {
    for (const [path, content] of Object.entries(files)) await writeFile(this.path(tree, path), content)
    await this.git(tree, 'add', '--all')
    await this.git(tree, 'commit', '--quiet', '--allow-empty', '-m', `change ${Object.keys(files).join(', ')}`)
    await this.git(tree, 'push', '--quiet', 'origin', `HEAD:refs/heads/${branch}`)
    return this.git(tree, 'rev-parse', 'HEAD')
  }

  /** Writes an object straight into a repository, also one that git would not make by itself: a blob's text, a tree's lines, a commit's tree. */
  async object(
    bare: BareRepository,
    type: 'blob' | 'tree' | 'commit',
    content: string,
    ...parents: string[]
  ): Promise<string> {
    const args = {
      blob: ['hash-object', '-w', '--stdin'],
      tree: ['mktree', '--missing'],
      commit: ['commit-tree', content, '-m', 'made by hand', ...parents.flatMap(parent => ['-p', parent])],
    }[type]
    const { stdout } = await git(bare.folder, args, { stdin: content })
    return stdout.toString('utf8').trim()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** A disk that is full soon: a file system in memory, which only root may mount. */
export class TinyDisk implements AsyncDisposable {
  readonly folder: string

  private constructor(folder: string) {
    this.folder = folder
  }

  /** Why there can be none here; null when there can. */
  static readonly whyNot: string | null = whyNoMount()

  static async mount(folder: string, sizeBytes: number): Promise<TinyDisk> {
    await mkdir(folder, { recursive: true })
    await run('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes},mode=755`, 'vigo-test', folder])
    return new TinyDisk(folder)
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts)
  }

  /** Takes what is left of it. */
  async fill(): Promise<void> {
    const file = await open(this.path('ballast'), 'a')
    try {
      const piece = Buffer.alloc(4096)
      for (;;) await file.write(piece)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
    } finally {
      await file.close()
    }
  }

  async empty(): Promise<void> {
    await rm(this.path('ballast'), { force: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run('umount', ['--lazy', this.folder])
  }
}

function whyNoMount(): string | null {
  if (process.getuid?.() !== 0) return 'only root may mount a small disk'
  try {
    // In a name space of its own, so that nothing stays.
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'vigo-test', tmpdir()], { stdio: 'ignore' })
    return null
  } catch {
    return 'this machine does not let root mount a small disk'
  }
}
