import { layout, silentLogger } from '#node/kit'
import { runOptions } from '../fixture.ts'
import { createMachine } from '../machine/index.ts'
import { crashCases } from './cases.ts'

/** Applies one case below a root: `apply-once.ts <root> <case>`. */
const [root = '', name = ''] = process.argv.slice(2)
const tested = crashCases[name]
if (tested === undefined) throw new RangeError(`there is no case ${name}`)
const machine = createMachine({
  layout: layout(root),
  trait: () => undefined,
  artifact: () => Promise.reject(new Error('no artifacts here')),
  logger: silentLogger,
})
const attributes = { ...tested.attributes }
const found = await tested.executor.check(attributes, machine, runOptions())
if (found.kind !== 'different') throw new Error(`it is ${found.kind}`)
await tested.executor.apply(attributes, found, machine, runOptions())
