import { createProgram, runProgram } from '#cli/shell'
import { addAudit } from './audit/index.ts'
import { addConfig } from './config/index.ts'
import { addSecrets } from './secrets/index.ts'

const program = createProgram('vigocli', 'Configuration of a Vigo fleet: author, publish, explain, roll back')
addConfig(program)
addSecrets(program)
addAudit(program)
process.exitCode = await runProgram(program, process.argv.slice(2))
