import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { run } from '../harness/command.ts'
import { cpuSecondsOf } from '../harness/cpu.ts'
import type { Scope } from '../harness/scope.ts'
import type { Tree } from './servers.ts'

/** The same tree in a repository that somebody pushes to, and a clone of it that somebody brings up to date. */
export class ByHand {
  readonly #scope: Scope
  readonly #here: string
  readonly #there: string

  private constructor(scope: Scope) {
    this.#scope = scope
    this.#here = scope.path('by-hand/here')
    this.#there = scope.path('by-hand/there')
  }

  static async open(scope: Scope, tree: Tree): Promise<ByHand> {
    const hand = new ByHand(scope)
    const bare = scope.path('by-hand/bare.git')
    await hand.#git('.', 'init', '--quiet', '--bare', '--initial-branch=main', bare)
    await hand.#git('.', 'clone', '--quiet', bare, hand.#here)
    await hand.#write(tree)
    await hand.#commit()
    await hand.#git(hand.#here, 'push', '--quiet', 'origin', 'HEAD:main')
    await hand.#git('.', 'clone', '--quiet', bare, hand.#there)
    return hand
  }

  /** Wall and processor seconds of push, fetch and checkout of what was written and committed before. */
  async publish(tree: Tree): Promise<{ wall: number; cpu: number }> {
    await this.#write(tree)
    await this.#commit()
    const cpu = await cpuSecondsOf('children')
    const startedAt = performance.now()
    await this.#git(this.#here, 'push', '--quiet', 'origin', 'HEAD:main')
    await this.#git(this.#there, 'fetch', '--quiet')
    await this.#git(this.#there, 'checkout', '--quiet', '--force', 'origin/main')
    const wall = (performance.now() - startedAt) / 1000
    return { wall, cpu: (await cpuSecondsOf('children')) - cpu }
  }

  async #write(tree: Tree): Promise<void> {
    for (const [path, text] of tree) {
      const file = join(this.#here, path)
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, text)
    }
  }

  async #commit(): Promise<void> {
    await this.#git(this.#here, 'add', '--all')
    await this.#git(this.#here, '-c', 'user.name=bench', '-c', 'user.email=b@localhost', 'commit', '--quiet', '-m', 'x')
  }

  async #git(folder: string, ...args: string[]): Promise<void> {
    await run(this.#scope, 'git', ['-C', folder, ...args])
  }
}
