import { createProgram, runProgram } from '#cli/shell'
import { addAudit } from './audit/index.ts'
import { addConfig } from './config/index.ts'
import { addDoctor } from './doctor.ts'
import { addEnvoys } from './envoys/index.ts'
import { addSecrets } from './secrets/index.ts'
import { addServer, addServerOptions } from './server/index.ts'
import { addStatus } from './status.ts'
import { addTask } from './task/index.ts'
import { addToken } from './token.ts'

const program = createProgram('vigocli', 'A Vigo fleet from its server: configuration, envoys, tasks, who may do what')
addServerOptions(program)
addStatus(program)
addEnvoys(program)
addTask(program)
addConfig(program)
addSecrets(program)
addToken(program)
addServer(program)
addDoctor(program)
addAudit(program)
process.exitCode = await runProgram(program, process.argv.slice(2))
