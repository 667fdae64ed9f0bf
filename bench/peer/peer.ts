import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { end, type Scope } from '../harness/scope.ts'
import type { Answer, Argument, CommandName } from './commands.ts'

/** Of the young generation, in MiB, as `cli/bin/run` has it for agents and servers. */
const YOUNG = { agent: 1, server: 8 }

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))

export interface SpawnOptions {
  readonly profileFolder: string | null
  /** A command that starts another, such as `ip netns exec <name>`. */
  readonly prefix?: readonly string[]
  readonly kind?: keyof typeof YOUNG
}

interface Waiting {
  readonly resolve: (answer: never) => void
  readonly reject: (error: Error) => void
}

/** The parent's end of a peer process. */
export class Peer {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  #nextId = 1
  peerId = ''
  address = ''

  private constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', (message: { id: number; answer: never } | { id: number; error: string }) => {
      const waiting = this.#waiting.get(message.id)
      this.#waiting.delete(message.id)
      if ('error' in message) waiting?.reject(new Error(`a peer failed: ${message.error}`))
      else waiting?.resolve(message.answer)
    })
    child.once('exit', code => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`a peer ended with code ${code}`))
      this.#waiting.clear()
    })
  }

  static spawn(scope: Scope, options: SpawnOptions): Peer {
    const profiling = options.profileFolder === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profileFolder}`]
    const flags = [`--max-semi-space-size=${YOUNG[options.kind ?? 'agent']}`, '--disable-warning=ExperimentalWarning']
    const node = [process.execPath, ...flags, ...profiling, MAIN]
    const [program = '', ...args] = [...(options.prefix ?? []), ...node]
    return new Peer(scope.spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }))
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  call<K extends CommandName>(command: K, ...[argument]: Argument<K> extends undefined ? [] : [Argument<K>]) {
    const { promise, resolve, reject } = Promise.withResolvers<Answer<K>>()
    const id = this.#nextId++
    this.#waiting.set(id, { resolve, reject })
    this.#child.send({ id, command, argument }, error => {
      if (error === null) return
      this.#waiting.delete(id)
      reject(new Error(`a peer is gone: ${error.message}`))
    })
    return promise
  }

  end(): Promise<void> {
    return end(this.#child)
  }
}
