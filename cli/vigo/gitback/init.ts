import { type Command, Option } from 'commander'
import { interruptSignal, paint, print, printJson } from '#cli/shell'
import { gitbackRoutes } from '#node/api'
import { requirePuddle } from '../curator/publish.ts'
import { localGit } from './local-git.ts'
import { findProject, state, takeSeat, withProjects } from './project-client.ts'
import { pushRefs } from './push-refs.ts'

interface InitOptions {
  policy: string
  push: boolean
  json?: boolean
}

export function addInit(project: Command): void {
  project
    .command('init <handle>')
    .description('found a project; inside a work tree also add it as the remote `swarm` and push all branches and tags')
    .addOption(
      new Option('--policy <policy>', 'what a branch may become')
        .choices(['fast-forward', 'any', 'stacks'])
        .default('fast-forward'),
    )
    .option('--no-push', 'leave the work tree alone')
    .option('--json', 'print the result as JSON')
    .action(async (handle: string, options: InitOptions, command: Command) => {
      const signal = interruptSignal()
      const puddle = await requirePuddle(command)
      await withProjects(command, async client => {
        const signing = { client, puddle }
        const { publicKey } = puddle
        const base = await client.call(gitbackRoutes.statementBase, {
          project: '0'.repeat(64),
          subject: publicKey,
          issuer: publicKey,
        })
        const founding = { handle, founder: publicKey, policy: options.policy, issued_at: base.now }
        await state(signing, 'project', base.fleet, founding)
        const founded = await findProject(command, client, `${publicKey}/${handle}`)
        await takeSeat(signing, founded.id, true)
        const url = `gitback://${founded.founderName ?? founded.id}/${handle}`
        const pushed = options.push && (await isWorkTree()) ? await pushAll() : null
        if (options.json) return printJson({ id: founded.id, url, pushed })
        print(`Founded ${paint('bold', handle)}.`)
        print(`  id   ${founded.id}`)
        print(`  url  ${url}`)
        if (pushed === null) print(`Next: git clone ${url}`)
        else
          for (const { to, problem } of pushed) print(`  ${to}  ${problem === '' ? 'pushed' : paint('red', problem)}`)
        if (pushed?.some(({ problem }) => problem !== '')) process.exitCode = 1

        async function pushAll() {
          await localGit(['remote', 'add', 'swarm', url], { signal }).catch(() => undefined)
          const refs = await localGit(['for-each-ref', '--format=%(refname)', 'refs/heads', 'refs/tags'], { signal })
          const all = refs.split('\n').filter(Boolean)
          const details = await findProject(command, client, founded.id)
          return pushRefs(
            signing,
            details,
            all.map(ref => ({ from: ref, to: ref })),
            { signal },
          )
        }
      })
    })
}

async function isWorkTree(): Promise<boolean> {
  return localGit(['rev-parse', '--is-inside-work-tree']).then(
    answer => answer === 'true',
    () => false,
  )
}
