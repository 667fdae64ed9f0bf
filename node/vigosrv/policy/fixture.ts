import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { publish, treeChecker } from '#config/publish'
import { type ReleaseHash, Releases, releasePlaces } from '#config/store'
import { sha256Hex } from '#node/kit'

export type Files = Readonly<Record<string, string>>

/** A configuration home of a test's own, gone with it. */
export class TestHome implements AsyncDisposable {
  readonly folder: string
  readonly releases: Releases

  private constructor(folder: string) {
    this.folder = folder
    this.releases = new Releases({ places: releasePlaces(folder) })
  }

  static async create(): Promise<TestHome> {
    return new TestHome(await mkdtemp(join(tmpdir(), 'vigo-policy-')))
  }

  /** The way an operator does it: through the whole pipeline. */
  async publish(files: Files): Promise<ReleaseHash> {
    const { stacks } = this.releases.places
    await rm(stacks, { recursive: true, force: true })
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(stacks, path)), { recursive: true })
      await writeFile(join(stacks, path), text)
    }
    const result = await publish({ releases: this.releases, checker: treeChecker(), author: 'test', noPrune: true })
    if (result.outcome === 'published') return result.entry.release
    if (result.outcome === 'nothing-to-publish') return result.release
    throw new Error(result.diagnostics.map(({ message }) => message).join('\n'))
  }

  /** Past every check, as somebody does who writes into the folder of releases. */
  async place(files: Files): Promise<void> {
    await using publisher = await this.releases.publisher({ doing: 'test' })
    await publisher.publish({
      files: Object.entries(files).map(([path, text]) => ({ path, bytes: Buffer.from(text), sha256: sha256Hex(text) })),
      counts: { configcrates: 0, roles: 0, envoyEntries: 0 },
      author: 'test',
      reason: '',
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** Gives every host below `.example.com` a message of the day. */
export function motd(text: string): Files {
  return {
    'configcrates/motd.vgo': `name: motd
resources:
  - name: motd
    type: file
    target_path: /etc/motd
    owner: root
    group: root
    mode: "0644"
    content: "${text}"
`,
    'envoys.vgo': 'envoys:\n  - match: "*.example.com"\n    configcrates: [motd]\n',
  }
}
