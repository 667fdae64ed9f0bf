import { addMeant, createProgram, runProgram } from '#cli/shell'
import { addServerOptions } from './server/connection.ts'

const program = createProgram('vigocli', 'A Vigo fleet from its server: configuration, envoys, tasks, who may do what')
addServerOptions(program)
await addMeant(program, [
  { names: ['status'], load: async () => (await import('./status.ts')).addStatus },
  { names: ['envoys'], load: async () => (await import('./envoys/index.ts')).addEnvoys },
  { names: ['spanner'], load: async () => (await import('./spanner/index.ts')).addSpanner },
  { names: ['swarm'], load: async () => (await import('./swarm/index.ts')).addSwarm },
  { names: ['task'], load: async () => (await import('./task/index.ts')).addTask },
  { names: ['config'], load: async () => (await import('./config/index.ts')).addConfig },
  { names: ['secrets'], load: async () => (await import('./secrets/index.ts')).addSecrets },
  { names: ['token'], load: async () => (await import('./token.ts')).addToken },
  { names: ['server'], load: async () => (await import('./server/index.ts')).addServer },
  { names: ['doctor'], load: async () => (await import('./doctor.ts')).addDoctor },
  { names: ['audit'], load: async () => (await import('./audit/index.ts')).addAudit },
])
process.exitCode = await runProgram(program, process.argv.slice(2))
