import { createProgram, runProgram } from '#cli/shell'
import { addAgent } from './agent.ts'
import { addBundle } from './bundle/index.ts'
import { addCurator } from './curator/index.ts'
import { addEnroll } from './enroll.ts'
import { addGitRemote } from './git-remote/index.ts'
import { addGitback } from './gitback/index.ts'
import { addLab } from './lab/index.ts'
import { addPuddle } from './puddle/index.ts'
import { addStatus } from './status.ts'
import { addTraits } from './traits.ts'

const program = createProgram('vigo', 'The agent of a managed machine, and its swarm')
addEnroll(program)
addAgent(program)
addStatus(program)
addTraits(program)
const swarm = program.command('swarm').description('bytes and peers')
addCurator(swarm)
addPuddle(swarm)
addGitback(swarm)
addBundle(swarm)
addLab(program)
addGitRemote(program)
process.exitCode = await runProgram(program, process.argv.slice(2))
