import type { Row } from '../harness/types.ts'
import { checkIn } from './check-in.ts'
import { compile } from './compile.ts'
import { converge } from './converge.ts'
import { delta } from './delta.ts'
import { fanOut } from './fan-out.ts'
import { git } from './git.ts'
import { gossip } from './gossip.ts'
import { memory } from './memory.ts'
import { publish } from './publish.ts'
import { pull1 } from './pull-1.ts'
import { pullMany } from './pull-many.ts'
import { push } from './push.ts'
import { shapedFanOut, shapedFanOutOfSix } from './shaped-fan-out.ts'
import { simulatedFleet } from './simulated-fleet.ts'
import { sync } from './sync.ts'

/** In the order of the table. */
export const rows: readonly Row[] = [
  pull1,
  pullMany,
  fanOut,
  shapedFanOut,
  shapedFanOutOfSix,
  delta,
  push,
  memory,
  gossip,
  sync,
  simulatedFleet,
  publish,
  git,
  compile,
  checkIn,
  converge,
]
