import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Lab } from '#cli/lab'
import { configHome, Releases, releasePlaces } from '#config/store'
import { ApiClient, encodeSnapshot, serverRoutes } from '#node/api'
import { layout } from '#node/kit'

export type Tree = ReadonlyMap<string, string>

const DEADLINE_MS = 600_000
const POLL_MS = 5

/** A valid configuration of so many files: a configcrate each, and one that says who gets the first. */
export function treeOf(files: number): Tree {
  const tree = new Map([['envoys.vgo', "envoys:\n  - match: '*'\n    configcrates: [crate-1]\n"]])
  for (let n = 1; n < files; n++) tree.set(pathOf(n), crate(n, 'first'))
  return tree
}

/** The same with other words in one file. */
export function changed(tree: Tree, words: string, number = 1): Tree {
  return new Map(tree).set(pathOf(number), crate(number, words))
}

function pathOf(number: number): string {
  return `configcrates/${String(number % 100).padStart(2, '0')}/crate-${number}.vgo`
}

function crate(number: number, words: string): string {
  return `name: crate-${number}
resources:
  - name: note
    type: file
    target_path: /etc/notes/note-${number}
    content: "note ${number}: ${words}"
    owner: root
    group: root
    mode: "0644"
`
}

/** One server of a lab, as its operators and its files show it. */
export class BenchServer {
  readonly name: string
  readonly #lab: Lab
  readonly #releases: Releases
  readonly #admin: ApiClient

  constructor(lab: Lab, name: string) {
    const { root } = lab.node(name)
    this.name = name
    this.#lab = lab
    this.#releases = new Releases({ places: releasePlaces(configHome(root)) })
    this.#admin = new ApiClient(layout(root).socket('vigosrv'), name)
  }

  get pid(): number {
    const pid = this.#lab.node(this.name).process?.pid
    if (pid === undefined) throw new Error(`${this.name} does not run`)
    return pid
  }

  async share(): Promise<void> {
    await this.#admin.call(serverRoutes.spannerInit, {})
  }

  /** Until all servers of the fleet hold the stacks. */
  async knows(servers: number): Promise<void> {
    await until(`${this.name} sees ${servers} servers`, async () => {
      const { bolts, mode } = await this.#admin.call(serverRoutes.spannerStatus, {})
      return mode === 'spanner' && bolts.filter(({ report }) => report !== null).length === servers
    })
  }

  /** Resolves when it is in force there. */
  async publish(tree: Tree): Promise<string> {
    const files = Array.from(tree, ([path, text]) => ({ path, bytes: Buffer.from(text) }))
    const bytes = encodeSnapshot({ live: files, stacks: files })
    const { head } = await this.#admin.call(serverRoutes.spannerStatus, {})
    const answer = await this.#admin.call(
      serverRoutes.spannerPublish,
      { kind: 'publish', ...(head === null ? {} : { base: head }) },
      { upload: { stream: Readable.from([bytes]), sizeBytes: bytes.byteLength } },
    )
    if (answer.outcome !== 'published') throw new Error(`publish ended as ${JSON.stringify(answer).slice(0, 300)}`)
    return answer.entry.release
  }

  live(): Promise<string | null> {
    return this.#releases.live()
  }

  async follows(release: string): Promise<void> {
    await until(`${this.name} has ${release.slice(0, 12)}`, async () => (await this.live()) === release)
  }

  /** Seconds of processor time that it and the processes that it started and that ended have used. */
  async cpuSeconds(): Promise<number> {
    const stat = await readFile(`/proc/${this.pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100
  }

  close(): void {
    this.#admin.close()
  }
}

export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`)
    await sleep(POLL_MS)
  }
}
