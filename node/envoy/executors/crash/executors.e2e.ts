import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { runKilled } from '../../../../swarm/store/crash/run-killed.ts'
import { applyTo, makeSandbox, runOptions } from '../fixture.ts'
import { crashCases } from './cases.ts'

const script = fileURLToPath(new URL('./apply-once.ts', import.meta.url))
const LEFTOVER = /\.vigo-\d+-[0-9a-f]+\.tmp$/

describe('an agent that is killed at any change of a file', () => {
  test.each(Object.entries(crashCases))(
    'leaves %s as it was or as it should be, and gets there the next time',
    async (name, tested) => {
      for (let at = 1; ; at++) {
        await using box = await makeSandbox()
        await tested.prepare(box)
        const { killed } = await runKilled({ script, args: [box.root, name], at })
        expect(tested.allowed).toContainEqual(await tested.states(box))
        const attributes = { ...tested.attributes }
        const found = await tested.executor.check(attributes, box.machine, runOptions())
        if (found.kind === 'different') await applyTo(box, tested.executor, attributes)
        expect(await tested.executor.check(attributes, box.machine, runOptions())).toEqual({ kind: 'compliant' })
        const left = Object.keys(await box.snapshot()).filter(path => LEFTOVER.test(path))
        expect(found.kind === 'different' ? left : []).toEqual([])
        if (!killed) {
          expect(at).toBeGreaterThan(2)
          return
        }
      }
    },
  )
})
