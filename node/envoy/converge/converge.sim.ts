import { mkdir, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AttributeValue } from '#config/lang'
import type { BundleResource } from '#config/store'
import { layout, silentLogger } from '#node/kit'
import { createMachine, type Executor, executorOf } from '../executors/index.ts'
import { bundle, equip, resource, ToyMachine, temporaryFolder } from './fixture.ts'
import { type Converged, converge, type Equipment, recoverRun } from './index.ts'

const OWNED = { owner: 'root', group: 'root' }
const forever = new AbortController().signal

/** Real files below a root, and services that note when they were started again. */
class RealMachine {
  /** `write a/x`, `restart a/s`, in order. */
  readonly log: string[] = []
  /** Counts down with every apply; the process is killed at zero, before or after the apply is done. */
  killAt = Number.POSITIVE_INFINITY
  killAfter = false
  readonly #root: string
  readonly #toy = new ToyMachine()
  #onKill: () => void = () => undefined

  constructor(root: string) {
    this.#root = root
  }

  /** A process of the agent: what it remembers is what is on disk. */
  async start(): Promise<Equipment> {
    const machine = createMachine({
      layout: layout(join(this.#root, 'machine')),
      trait: () => undefined,
      artifact: async () => '',
      logger: silentLogger,
    })
    return equip(this.#toy, this.#root, { machine, executorOf: type => this.#watched(type) })
  }

  /** One run of a process, which may be killed in it; what comes after a kill does nothing any more. */
  async run(resources: readonly BundleResource[]): Promise<Converged | 'killed'> {
    const equipment = await this.start()
    await recoverRun(equipment.journal, equipment.memory)
    await equipment.journal.clear()
    const killed = new Promise<'killed'>(resolve => {
      this.#onKill = () => resolve('killed')
    })
    const order = { bundle: bundle(resources), mode: 'enforce', offline: false } as const
    const ended = await Promise.race([converge(order, equipment, { signal: forever }), killed])
    if (ended !== 'killed') await equipment.journal.clear()
    return ended
  }

  #watched(type: string): Executor | undefined {
    const inner = type === 'service' ? this.#toy.executorOf(type) : executorOf(type)
    if (inner === undefined) return undefined
    return {
      ...inner,
      check: (attributes, machine, options) => inner.check(attributes, machine, options),
      apply: async (attributes, difference, machine, options) => {
        const isLast = --this.killAt === 0
        if (isLast && !this.killAfter) await this.#die()
        const applied = await inner.apply(attributes, difference, machine, options)
        this.log.push(`${type === 'service' ? 'restart' : 'write'} ${options.name}`)
        if (isLast) await this.#die()
        return applied
      },
    }
  }

  #die(): Promise<never> {
    this.#onKill()
    return new Promise(() => undefined)
  }

  async drift({ type, attributes: { target_path: path } }: BundleResource, how: 'remove' | 'edit'): Promise<void> {
    if (typeof path !== 'string') return
    const real = join(this.#root, 'machine', path)
    await rm(real, { recursive: true, force: true })
    // A file in the place of a directory is for people to look at, and stays.
    if (how === 'edit' && type !== 'directory') await writeFile(real, 'by hand')
  }

  /** Every path with its contents. */
  async contents(): Promise<Record<string, string>> {
    const found: Record<string, string> = {}
    const top = join(this.#root, 'machine/srv')
    const entries = await readdir(top, { recursive: true, withFileTypes: true }).catch(() => [])
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name)
      found[path.slice(top.length)] = entry.isDirectory()
        ? 'folder'
        : entry.isSymbolicLink()
          ? `-> ${(await readlink(path)).replace(this.#root, '')}`
          : await readFile(path, 'utf8')
    }
    return found
  }
}

const file = (name: string, path: string, content: string, given: Partial<BundleResource> = {}): BundleResource =>
  resource(`a/${name}`, {
    type: 'file',
    attributes: { target_path: path, state: 'present', content, mode: '0644', ...OWNED },
    ...given,
  })

/** A crate of files, folders and links, with services that follow some of the files. */
const resourcesOf = fc
  .array(
    fc.record({
      kind: fc.constantFrom('file', 'file', 'file', 'directory', 'symlink', 'line'),
      content: fc.constantFrom('one\n', 'two\n', ''),
      notifies: fc.option(fc.nat(1), { nil: null }),
    }),
    { minLength: 2, maxLength: 8 },
  )
  .map(items => {
    const made = items.map(({ kind, content, notifies }, at): BundleResource => {
      const path = `/srv/r${at}`
      const given = notifies === null ? {} : { notify: [`a/s${notifies}`] }
      const other = (type: string, attributes: Record<string, AttributeValue>): BundleResource =>
        resource(`a/n${at}`, { type, attributes: { target_path: path, state: 'present', ...attributes }, ...given })
      if (kind === 'directory') return other('directory', { mode: '0755', recurse: false, ...OWNED })
      if (kind === 'symlink') return other('symlink', { link_target: '/srv/r0', force: true })
      if (kind === 'line') return other('file_line', { line: `line ${content.trim()}`, create: true })
      return file(`n${at}`, path, content, given)
    })
    const services = [0, 1].map(at => resource(`a/s${at}`, { type: 'service', attributes: { key: `s${at}` } }))
    return [file('top', '/srv/top', 'x'), ...made, ...services]
  })

const turn = fc.oneof(
  fc.record({
    kind: fc.constant('drift' as const),
    at: fc.nat(7),
    how: fc.constantFrom('remove' as const, 'edit' as const),
  }),
  fc.record({ kind: fc.constant('kill' as const), applies: fc.integer({ min: 1, max: 6 }), after: fc.boolean() }),
  fc.constant({ kind: 'run' as const }),
)

async function withMachine(use: (machine: RealMachine) => Promise<void>): Promise<void> {
  const root = await temporaryFolder()
  try {
    await mkdir(join(root, 'machine/srv'), { recursive: true })
    await use(new RealMachine(root))
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

test('whatever drifts and whenever the agent is killed, the machine ends compliant, and nothing that had to start again was forgotten', async () => {
  await fc.assert(
    fc.asyncProperty(resourcesOf, fc.array(turn, { maxLength: 8 }), (resources, turns) =>
      withMachine(async machine => {
        for (const each of turns) {
          const files = resources.filter(({ type }) => type !== 'service')
          const drifting = each.kind === 'drift' ? files[each.at % files.length] : undefined
          if (each.kind === 'drift' && drifting !== undefined) await machine.drift(drifting, each.how)
          if (each.kind === 'kill') {
            machine.killAt = each.applies
            machine.killAfter = each.after
            await machine.run(resources)
            machine.killAt = Number.POSITIVE_INFINITY
          }
          if (each.kind === 'run') await machine.run(resources)
        }
        await machine.run(resources)
        const settled = await machine.run(resources)
        if (settled === 'killed') throw new Error('nobody was to be killed any more')
        for (const { id, state, message } of settled.results) {
          expect([id, state, message]).toEqual([id, id.startsWith('a/s') ? 'skipped' : 'compliant', message])
        }
        for (const { name, notify } of resources) {
          for (const target of notify) {
            const changed = machine.log.lastIndexOf(`write ${name}`)
            expect(machine.log.lastIndexOf(`restart ${target.slice(2)}`)).toBeGreaterThanOrEqual(changed)
          }
        }
      }),
    ),
    { numRuns: 60 },
  )
})

test('resources that do not depend on each other give the same machine in any order', async () => {
  await fc.assert(
    fc.asyncProperty(
      resourcesOf.chain(resources =>
        fc.record({
          resources: fc.constant(resources),
          shuffled: fc.shuffledSubarray(resources, { minLength: resources.length }),
        }),
      ),
      async ({ resources, shuffled }) => {
        const ends: Record<string, string>[] = []
        for (const order of [resources, shuffled]) {
          await withMachine(async machine => {
            await machine.run(order)
            ends.push(await machine.contents())
            const again = await machine.run(order)
            if (again === 'killed') throw new Error('nobody was to be killed')
            expect(again.run.counts).toMatchObject({ changed: 0, corrected: 0, failed: 0 })
          })
        }
        expect(ends[1]).toEqual(ends[0])
      },
    ),
    { numRuns: 25 },
  )
})
