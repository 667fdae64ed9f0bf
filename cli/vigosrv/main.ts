import { createProgram, runProgram } from '#cli/shell'
import { addInit } from './init.ts'
import { addJoin } from './join.ts'
import { addMembers } from './members.ts'
import { addReload } from './reload.ts'
import { addRun } from './run.ts'
import { addToken } from './token.ts'

const program = createProgram('vigosrv', 'The server of a Vigo fleet: founds it, admits members, relays and serves')
addInit(program)
addJoin(program)
addRun(program)
addReload(program)
addToken(program)
addMembers(program)
process.exitCode = await runProgram(program, process.argv.slice(2))
