import { type Command, Option } from 'commander'
import { paint, print } from '#cli/shell'
import { agentRoutes, type ProjectDetails } from '#node/api'
import { VigoError } from '#node/kit'
import { withAgent } from '../client.ts'
import { requirePuddle } from '../curator/publish.ts'
import { findProject, grant, type Signing, takeSeat, withProjects } from './project-client.ts'

export function addMembers(project: Command): void {
  project
    .command('invite <project> <puddle>')
    .description('give a puddle (its name or key) a right in the project')
    .addOption(new Option('--as <right>', 'what it may do').choices(['read', 'write', 'admin']).default('write'))
    .action(async (reference: string, who: string, options: { as: string }, command: Command) => {
      const key = await keyOf(command, who)
      const { handle } = await withProject(command, reference, (signing, { id }) => grant(signing, id, key, options.as))
      print(
        `${paint('bold', who)} may ${options.as} ${handle} now. There: vigo swarm gitback project join ${reference}`,
      )
    })
  project
    .command('revoke <project> <puddle>')
    .description('take every right away from a puddle; what it has fetched stays with it')
    .action(async (reference: string, who: string, _options: object, command: Command) => {
      const key = await keyOf(command, who)
      const { handle } = await withProject(command, reference, (signing, { id }) => grant(signing, id, key, 'none'))
      print(`${paint('bold', who)} has no right in ${handle} any more.`)
    })
  project
    .command('join <project>')
    .description('let this machine hold the project for you: it fetches, keeps and serves it')
    .action(async (reference: string, _options: object, command: Command) => {
      const joined = await withProject(command, reference, (signing, { id }) => takeSeat(signing, id, true))
      print(`This machine holds ${paint('bold', joined.handle)} for you. Next: git clone gitback://${reference}`)
    })
  project
    .command('leave <project>')
    .description('stop holding the project here; with --everywhere also give your membership up')
    .option('--everywhere', 'give your membership up')
    .action(async (reference: string, options: { everywhere?: boolean }, command: Command) => {
      const left = await withProject(command, reference, async (signing, { id }) => {
        await takeSeat(signing, id, false)
        if (options.everywhere) await grant(signing, id, signing.puddle.publicKey, 'none')
      })
      print(`This machine no longer holds ${paint('bold', left.handle)} for you. Next: vigo swarm gitback gc-orphans`)
    })
}

async function withProject(
  command: Command,
  reference: string,
  act: (signing: Signing, project: ProjectDetails) => Promise<void>,
): Promise<ProjectDetails> {
  const puddle = await requirePuddle(command)
  return withProjects(command, async client => {
    const project = await findProject(command, client, reference)
    await act({ client, puddle }, project)
    return project
  })
}

async function keyOf(command: Command, who: string): Promise<string> {
  if (/^[0-9a-f]{64}$/.test(who)) return who
  const { puddles } = await withAgent(command, client => client.call(agentRoutes.puddles, {}))
  const [found] = puddles.filter(({ name }) => name === who)
  if (found === undefined) {
    throw new VigoError(
      'unknown-puddle',
      `no puddle of this fleet is called '${who}'; use its key (vigo swarm puddle status)`,
    )
  }
  if (found.ambiguous) throw new VigoError('ambiguous', `several puddles are called '${who}'; use the key`)
  return found.puddle
}
