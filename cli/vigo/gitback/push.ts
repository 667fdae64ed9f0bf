import type { Command } from 'commander'
import { interruptSignal, paint, print } from '#cli/shell'
import { gitbackRoutes, type ProjectDetails } from '#node/api'
import { toHex, VigoError } from '#node/kit'
import { requirePuddle } from '../curator/publish.ts'
import { localGit } from './local-git.ts'
import { findProject, withProjects } from './project-client.ts'
import { type PushResult, pushRefs } from './push-refs.ts'

export function addPush(project: Command): void {
  project
    .command('push <project>')
    .description('push all branches and tags of the repository that you are in')
    .action(async (reference: string, _options: object, command: Command) => {
      const signal = interruptSignal()
      const puddle = await requirePuddle(command)
      await withProjects(command, async client => {
        const details = await findProject(command, client, reference)
        const refs = await localGit(['for-each-ref', '--format=%(refname)', 'refs/heads', 'refs/tags'], { signal })
        const pushes = refs
          .split('\n')
          .filter(Boolean)
          .map(ref => ({ from: ref, to: ref }))
        tell(await pushRefs({ client, puddle }, details, pushes, { signal }))
      })
    })
  project
    .command('resolve <project>')
    .description('end a divergence by taking one of its heads; the others stay in nobody’s history')
    .requiredOption('--take <commit>', 'the head to go on with, or its first digits')
    .option('--ref <ref>', 'the branch', 'refs/heads/main')
    .action(async (reference: string, options: { take: string; ref: string }, command: Command) => {
      const puddle = await requirePuddle(command)
      await withProjects(command, async client => {
        const details = await findProject(command, client, reference)
        const to = headOf(details, options.ref, options.take)
        const draft = { project: details.id, ref: options.ref, to, signer: puddle.publicKey, ends: 'all' } as const
        const { fleet, body } = await client.call(gitbackRoutes.draftUpdate, draft)
        const signature = toHex(await puddle.session.sign('ref-update', fleet, body))
        await client.call(gitbackRoutes.update, { body, signature })
        print(`${options.ref} of ${paint('bold', details.handle)} goes on from ${to.slice(0, 12)}.`)
      })
    })
}

function headOf(details: ProjectDetails, ref: string, take: string): string {
  const heads = details.refs.find(row => row.ref === ref)?.heads ?? []
  const found = heads.filter(({ commit }) => commit.startsWith(take))
  if (take.length >= 4 && found.length === 1 && found[0] !== undefined) return found[0].commit
  const choice = heads.map(({ commit }) => commit.slice(0, 12)).join(', ') || 'none'
  throw new VigoError('usage', `'${take}' is not one of the heads of ${ref}: ${choice}`)
}

function tell(results: readonly PushResult[]): void {
  if (results.length === 0) print('There is no branch to push.')
  for (const { to, problem } of results) print(`  ${to}  ${problem === '' ? 'pushed' : paint('red', problem)}`)
  if (results.some(({ problem }) => problem !== '')) process.exitCode = 1
}
