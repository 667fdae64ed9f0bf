import { INSIDE } from './inside.ts'

/** Before every test file that changes accounts, packages and services: not here, unless here is a machine of its own. */
if (process.env[INSIDE] === undefined) {
  throw new Error('these tests change the machine that they run on: run the *.e2e.ts beside them, which start one')
}
