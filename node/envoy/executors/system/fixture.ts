import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'vitest'
import type { AttributesOf, ResourceType, SchemaOf } from '#config/lang'
import type { Change } from '#node/checkin'
import { layout, silentLogger } from '#node/kit'
import { command, mustRun } from '../../machines/command.ts'
import { ExecutorError } from '../errors.ts'
import type { Applied, ExecutorOptions, Finding } from '../executor.ts'
import { attributesFor, runOptions } from '../fixture.ts'
import { createMachine } from '../machine/index.ts'
import type { Machine } from '../machine.ts'
import { systemExecutors } from './index.ts'

/** The machine that the test runs on itself, and what it was asked to run. */
export interface RealMachine {
  readonly machine: Machine
  readonly commands: (readonly string[])[]
}

export function realMachine(traits: Readonly<Record<string, unknown>> = {}): RealMachine {
  const commands: (readonly string[])[] = []
  const real = createMachine({
    layout: layout('/'),
    trait: path => traits[path],
    artifact: reference => Promise.reject(new ExecutorError('blocked', `there is no artifact ${reference}`)),
    logger: silentLogger,
  })
  const machine: Machine = {
    ...real,
    run: (program, args, options) => {
      commands.push([program, ...args])
      return real.run(program, args, options)
    },
  }
  return { machine, commands }
}

/** One executor on one machine, with attributes as authors write them. */
export class Trial<T extends ResourceType> {
  readonly commands: (readonly string[])[]
  readonly machine: Machine
  readonly #type: T

  constructor(type: T, { machine, commands }: RealMachine = realMachine()) {
    this.#type = type
    this.machine = machine
    this.commands = commands
  }

  check(given: Partial<AttributesOf<SchemaOf<T>>>, options: Partial<ExecutorOptions> = {}): Promise<Finding> {
    return this.#executor.check(attributesFor(this.#type, given), this.machine, runOptions(options))
  }

  /** Applies what differs and expects that nothing does afterwards. Answers what was told before. */
  async converge(
    given: Partial<AttributesOf<SchemaOf<T>>>,
    options: Partial<ExecutorOptions> = {},
  ): Promise<Applied & { readonly changes: readonly Change[] }> {
    const found = await this.check(given, options)
    if (found.kind !== 'different') throw new Error(`there is nothing to do: ${JSON.stringify(found)}`)
    expect(await this.check(given, { ...options, isDryRun: true })).toEqual(found)
    const attributes = attributesFor(this.#type, given)
    const applied = await this.#executor.apply(attributes, found, this.machine, runOptions(options))
    if (options.isTriggered !== true) expect(await this.check(given, options)).toEqual({ kind: 'compliant' })
    return { ...applied, changes: found.changes }
  }

  /** What applying ends with when it does not work. */
  async failure(
    given: Partial<AttributesOf<SchemaOf<T>>>,
    options: Partial<ExecutorOptions> = {},
  ): Promise<ExecutorError> {
    const error = await this.converge(given, options).then(
      () => new Error('it worked'),
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(ExecutorError)
    return error as ExecutorError
  }

  get #executor() {
    const found = systemExecutors.find(({ type }) => type === this.#type)
    if (found === undefined) throw new RangeError(`there is no executor of ${this.#type}`)
    return found
  }
}

export async function sh(script: string): Promise<string> {
  return (await mustRun('/bin/sh', ['-ec', script], { timeoutMs: 120_000 })).trim()
}

export async function exitCode(script: string): Promise<number | null> {
  return (await command('/bin/sh', ['-c', script])).exitCode
}

export function started(program: string, ...args: readonly string[]): ChildProcess {
  return spawn(program, args, { stdio: 'ignore', detached: true })
}

/** Serves the files of a folder on loopback. */
export class FileServer implements AsyncDisposable {
  readonly #server: Server
  requests = 0

  private constructor(folder: string) {
    this.#server = createServer((request, response) => {
      this.requests++
      const path = decodeURIComponent(new URL(request.url ?? '/', 'http://x').pathname)
      readFile(folder + path).then(
        bytes => response.end(bytes),
        () => response.writeHead(404).end(),
      )
    })
  }

  static async on(folder: string): Promise<FileServer> {
    const server = new FileServer(folder)
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    return server
  }

  url(path: string): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
