import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Releases, releasePlaces, type TreeFile } from '#config/store'
import { TestClock, TestFolder } from '../../store/release/fixture.ts'
import { TestChecker } from './fixture.ts'
import { formatPublish } from './format.ts'
import { publish } from './publish.ts'
import { type RollbackResult, rollback } from './rollback.ts'
import type { PublishOptions, PublishResult } from './types.ts'

export type Files = Readonly<Record<string, string>>

export const MOTD = '#~ Manages things\n# by alice\nname: motd # the message\ntemplate: motd\n'

export const STACKS: Files = {
  'envoys.vgo': '# all hosts\nuse: motd\n',
  'configcrates/motd.vgo': MOTD,
  'templates/motd.tmpl': '# stays  \nhello\n',
}

/** A machine with stacks, and a publisher that checks a small language. */
export class Site implements AsyncDisposable {
  readonly folder: TestFolder
  readonly clock = new TestClock()
  readonly checker = new TestChecker()
  readonly releases: Releases

  private constructor(folder: TestFolder) {
    this.folder = folder
    this.releases = new Releases({ places: releasePlaces(folder.path), clock: this.clock })
  }

  static async create(stacks: Files = STACKS): Promise<Site> {
    const site = new Site(await TestFolder.create())
    await site.write(stacks)
    return site
  }

  async write(files: Files): Promise<void> {
    await this.folder.write(files, 'stacks')
  }

  path(path: string): string {
    return join(this.folder.path, path)
  }

  async publish(options: Partial<PublishOptions> = {}): Promise<PublishResult> {
    const { releases, checker } = this
    return await publish({ releases, checker, author: 'alice', reason: 'why', ...options })
  }

  async rollback(to?: string): Promise<RollbackResult> {
    const { releases, checker } = this
    return await rollback({ releases, checker, author: 'bob', reason: 'broke', to })
  }

  async live(): Promise<Files> {
    const live = await this.releases.live()
    if (live === null) return {}
    return textsOf((await this.releases.tree(live)).files)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.folder[Symbol.asyncDispose]()
  }
}

export function summary(result: PublishResult): string {
  return formatPublish(result).summary
}

export function textsOf(files: readonly TreeFile[]): Files {
  return Object.fromEntries(files.map(({ path, bytes }) => [path, Buffer.from(bytes).toString()]))
}

/** Everything below a folder: names, kinds, modes, times of change, contents. */
export async function snapshot(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true })
  const lines = entries.toSorted().map(async name => {
    const { mode, size, mtimeMs, ctimeMs, ino } = await stat(join(folder, name))
    return [name, mode, size, mtimeMs, ctimeMs, ino].join(' ')
  })
  return await Promise.all(lines)
}
