import { chmod, rename, symlink } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isAbort } from '#node/kit'
import { ExecutorError } from './errors.ts'
import type { Difference, Executor, ExecutorOptions, Finding } from './executor.ts'
import { runOptions } from './fixture.ts'
import type { Machine } from './machine.ts'

/** A machine that may be broken. */
export interface MachineUnderTest extends AsyncDisposable {
  readonly machine: Machine
  /** Programs with their arguments that it was asked to run. */
  readonly commands: readonly (readonly string[])[]
  /** All that the executor could change, times too; compared with what it was before. */
  snapshot(): Promise<Readonly<Record<string, string>>>
}

export interface ComplianceCase<A, M extends MachineUnderTest> {
  readonly name: string
  readonly attributes: A
  /** States of a machine that are not as the attributes say; each is made on a new machine. */
  readonly starts: Readonly<Record<string, (under: M) => Promise<void>>>
  readonly options?: Partial<Pick<ExecutorOptions, 'isTriggered' | 'name'>>
  /** Values in the attributes that nobody may see. */
  readonly secrets?: readonly string[]
  /** A path of the configuration that the executor writes, for tricks with symbolic links on the way to it. */
  readonly path?: string
}

export interface ComplianceOptions<A, M extends MachineUnderTest> {
  readonly makeMachine: () => Promise<M>
  readonly cases: readonly ComplianceCase<A, M>[]
  /** At how many moments it is stopped, spread over all; fewer for executors that run slow programs. */
  readonly moments?: number
}

const MOMENTS = 40
const STOPPING_TIMEOUT_MS = 60_000
/** An executor that does not stop within this does not stop soon. */
const STOPS_WITHIN_MS = 8_000
const DEBRIS = /\.vigo-\d+-[0-9a-f]+\.tmp/

/** What every executor promises; see `Executor`. Run it inside a test file. */
export function executorCompliance<A, M extends MachineUnderTest>(
  executor: Executor<A>,
  { makeMachine, cases, moments = MOMENTS }: ComplianceOptions<A, M>,
): void {
  describe(`an executor promises (${executor.type})`, () => {
    for (const tested of cases) {
      for (const [start, prepare] of Object.entries(tested.starts)) {
        describe(`${tested.name}, ${start}`, () => {
          const make = async (): Promise<M> => {
            const under = await makeMachine()
            await prepare(under)
            return under
          }
          oneStart(executor, tested, make, moments)
        })
      }
    }
  })
}

function oneStart<A, M extends MachineUnderTest>(
  executor: Executor<A>,
  { attributes, options, secrets = [], path }: ComplianceCase<A, M>,
  make: () => Promise<M>,
  moments: number,
): void {
  const given = (more: Partial<ExecutorOptions> = {}): ExecutorOptions => runOptions({ ...options, ...more })
  const check = (machine: Machine, more?: Partial<ExecutorOptions>): Promise<Finding> =>
    executor.check(attributes, machine, given(more))
  const difference = async (machine: Machine): Promise<Difference> => {
    const found = await check(machine)
    if (found.kind === 'different') return found
    throw new Error(`the start is ${JSON.stringify(found)}: nothing is tested`)
  }
  const looksAtSignal = async (): Promise<number> => {
    await using under = await make()
    const found = await difference(under.machine)
    const { signal, looks } = abortingAt(Number.POSITIVE_INFINITY)
    await executor.apply(attributes, found, under.machine, given({ signal }))
    return looks()
  }
  const apply = async (machine: Machine, more?: Partial<ExecutorOptions>): Promise<unknown> => {
    const found = await check(machine)
    return found.kind === 'different' ? await executor.apply(attributes, found, machine, given(more)) : undefined
  }

  test('that looking changes nothing, in a dry run and otherwise', async () => {
    await using under = await make()
    const before = await under.snapshot()
    for (const isDryRun of [true, false, true]) await check(under.machine, { isDryRun })
    expect(await under.snapshot()).toEqual(before)
  })

  test('that a dry run foretells what a run finds', async () => {
    await using under = await make()
    const foretold = await check(under.machine, { isDryRun: true })
    expect(foretold.kind).toBe('different')
    expect(foretold).toEqual(await check(under.machine))
    expect(foretold.kind === 'different' && foretold.changes.length).toBeGreaterThan(0)
  })

  test('that nothing is left to do after it was applied, and that applying it again does nothing', async () => {
    await using under = await make()
    const found = await difference(under.machine)
    await executor.apply(attributes, found, under.machine, given())
    if (executor.acts === 'always') return
    expect(await check(under.machine)).toEqual({ kind: 'compliant' })
    const after = await under.snapshot()
    await executor.apply(attributes, found, under.machine, given())
    expect(await under.snapshot()).toEqual(after)
  })

  test(
    'that it stops whenever its signal fires, leaves no debris, and gets there the next time',
    async () => {
      const looks = await looksAtSignal()
      const step = Math.max(1, looks / moments)
      for (let moment = 1; moment <= looks; moment += step) {
        await using under = await make()
        const found = await difference(under.machine)
        const { signal } = abortingAt(Math.floor(moment))
        const began = performance.now()
        const outcome = await executor.apply(attributes, found, under.machine, given({ signal })).then(
          () => null,
          (error: unknown) => error,
        )
        expect(performance.now() - began).toBeLessThan(STOPS_WITHIN_MS)
        expect(Object.keys(await under.snapshot()).filter(name => DEBRIS.test(name))).toEqual([])
        if (outcome !== null && !isStop(outcome)) throw outcome
        await apply(under.machine)
        if (executor.acts !== 'always') expect(await check(under.machine)).toEqual({ kind: 'compliant' })
      }
    },
    STOPPING_TIMEOUT_MS,
  )

  test('that it does nothing once its signal has fired', async () => {
    await using under = await make()
    const found = await difference(under.machine)
    const before = await under.snapshot()
    const signal = AbortSignal.abort(new Stop())
    await expect(check(under.machine, { signal })).rejects.toSatisfy(isStop)
    await expect(executor.apply(attributes, found, under.machine, given({ signal }))).rejects.toSatisfy(isStop)
    expect(await under.snapshot()).toEqual(before)
  })

  test.runIf(secrets.length > 0)('that secrets are in no change and no argument of a process', async () => {
    await using under = await make()
    const found = await check(under.machine)
    await apply(under.machine)
    const seen = JSON.stringify([found.kind === 'different' ? found.changes : found, under.commands])
    for (const secret of secrets) expect(seen).not.toContain(JSON.stringify(secret).slice(1, -1))
  })

  test.runIf(path !== undefined)('that it follows no link that somebody else could have put on the way', async () => {
    await using under = await make()
    const found = await difference(under.machine)
    await putLinkOnTheWay(under.machine.root, path ?? '/', '.')
    const before = await under.snapshot()
    await expect(check(under.machine)).rejects.toMatchObject({ code: 'unsafe' })
    await expect(executor.apply(attributes, found, under.machine, given())).rejects.toMatchObject({ code: 'unsafe' })
    expect(await under.snapshot()).toEqual(before)
  })

  test.runIf(path !== undefined)('that no link leads out of a sandbox', async () => {
    await using outside = await make()
    await using under = await make()
    const found = await difference(under.machine)
    await putLinkOnTheWay(under.machine.root, path ?? '/', outside.machine.root)
    const before = await outside.snapshot()
    await expect(executor.apply(attributes, found, under.machine, given())).rejects.toMatchObject({ code: 'unsafe' })
    expect(await outside.snapshot()).toEqual(before)
  })
}

/**
 * The first folder on the way becomes a link. With `elsewhere` `.` it leads to the same folder under another name, beside it in a folder
 * where all may write; otherwise into another tree.
 */
async function putLinkOnTheWay(root: string, path: string, elsewhere: string): Promise<void> {
  const first = posix.normalize(path).split('/')[1] ?? ''
  const folder = join(root, first)
  await rename(folder, `${folder}.moved`)
  await symlink(elsewhere === '.' ? `${first}.moved` : join(elsewhere, first), folder)
  if (elsewhere === '.') await chmod(root, 0o777)
}

class Stop extends Error {}

function isStop(error: unknown): boolean {
  if (error instanceof ExecutorError) return false
  return error instanceof Stop || isAbort(error)
}

/** A signal that fires while it is looked at for the given time. */
function abortingAt(moment: number): { signal: AbortSignal; looks: () => number } {
  const controller = new AbortController()
  const { signal } = controller
  let looks = 0
  let isFired = false
  const look = (): boolean => {
    if (++looks !== moment) return isFired
    isFired = true
    controller.abort(new Stop('stopped by the test'))
    return true
  }
  Object.defineProperties(signal, {
    aborted: { get: look },
    throwIfAborted: {
      value: () => {
        if (look()) throw signal.reason
      },
    },
  })
  return { signal, looks: () => looks }
}
