import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Fleet, refusal, succeeded, until } from './fixture.ts'

const run = promisify(execFile)

let fleet: Fleet
beforeAll(async () => {
  fleet = await Fleet.up(3)
  for (const node of ['envoy1', 'envoy2', 'envoy3']) {
    await fleet.createPuddle(node)
    succeeded(await fleet.puddle(node, 'name', `p-${node}`))
  }
})
afterAll(() => fleet?.down())

const gitback = (node: string, ...args: string[]) => fleet.vigo(node, 'swarm', 'gitback', ...args)

/** Stock git as the user of a machine. */
async function git(node: string, where: string, ...args: string[]): Promise<string> {
  const { stdout } = await run('git', args, {
    cwd: fleet.path(where),
    env: {
      ...fleet.lab.environment(fleet.lab.node(node)),
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_AUTHOR_NAME: node,
      GIT_AUTHOR_EMAIL: `${node}@example.com`,
      GIT_COMMITTER_NAME: node,
      GIT_COMMITTER_EMAIL: `${node}@example.com`,
    },
    timeout: 60_000,
  })
  return stdout.trim()
}

async function commit(node: string, tree: string, name: string): Promise<string> {
  await writeFile(fleet.path(tree, name), `${name} by ${node}\n`)
  await git(node, tree, 'add', '--all')
  await git(node, tree, 'commit', '--quiet', '-m', `add ${name}`)
  return git(node, tree, 'rev-parse', 'HEAD')
}

interface Details {
  id: string
  isHeldHere: boolean
  refs: { ref: string; commit: string | null; state: string; problem: string; heads: { commit: string }[] }[]
}

const details = (node: string): Promise<Details> =>
  fleet.json<Details>(node, 'swarm', 'gitback', 'project', 'status', 'p-envoy1/docs')

const isAt = (node: string, commitId: string) =>
  until(`${node} has ${commitId.slice(0, 8)}`, async () =>
    (await details(node)).refs.some(ref => ref.commit === commitId),
  )

async function invite(node: string): Promise<void> {
  succeeded(await gitback('envoy1', 'project', 'invite', 'docs', `p-${node}`))
  await until(`${node} may join`, async () => (await gitback(node, 'project', 'join', 'p-envoy1/docs')).code === 0)
}

describe('a project on three machines, with stock git', () => {
  test('is founded from a work tree, cloned, pushed to and pulled from', async () => {
    await mkdir(fleet.path('one'))
    await git('envoy1', 'one', 'init', '--quiet', '--initial-branch=main')
    const first = await commit('envoy1', 'one', 'first')
    const init = fleet.lab.environment(fleet.lab.node('envoy1'))
    const { stdout } = await run('vigo', ['swarm', 'gitback', 'project', 'init', 'docs'], {
      cwd: fleet.path('one'),
      env: init,
    })
    expect(stdout).toContain('gitback://p-envoy1/docs')
    await isAt('envoy1', first)
    await until(
      'envoy2 hears of the project',
      async () => (await gitback('envoy2', 'project', 'status', 'p-envoy1/docs')).code === 0,
    )

    expect(refusal(await gitback('envoy2', 'project', 'join', 'p-envoy1/docs'), 4)).toMatch(/not yours to make/)
    await expect(git('envoy2', '.', 'clone', 'gitback://p-envoy1/docs', 'refused')).rejects.toThrow(
      /may not read|does not hold/,
    )
    await invite('envoy2')
    await isAt('envoy2', first)
    await git('envoy2', '.', 'clone', '--quiet', 'gitback://p-envoy1/docs', 'two')
    expect(await readFile(fleet.path('two', 'first'), 'utf8')).toBe('first by envoy1\n')

    const second = await commit('envoy2', 'two', 'second')
    await git('envoy2', 'two', 'push', '--quiet')
    await isAt('envoy1', second)
    await git('envoy1', 'one', 'pull', '--quiet', 'swarm', 'main')
    expect(await git('envoy1', 'one', 'rev-parse', 'HEAD')).toBe(second)
  })

  test('reaches a machine that is never online together with the author', async () => {
    await invite('envoy3')
    const [{ commit: before } = { commit: null }] = (await details('envoy2')).refs
    await isAt('envoy3', before ?? '')
    await fleet.lab.kill('envoy3', 'SIGTERM')
    const third = await commit('envoy1', 'one', 'third')
    await git('envoy1', 'one', 'push', '--quiet', 'swarm', 'main')
    await isAt('envoy2', third)
    await fleet.lab.kill('envoy1', 'SIGTERM')
    await fleet.lab.start('envoy3')
    await isAt('envoy3', third)
    await git('envoy3', '.', 'clone', '--quiet', 'gitback://p-envoy1/docs', 'three')
    const fourth = await commit('envoy3', 'three', 'fourth')
    await git('envoy3', 'three', 'push', '--quiet')
    await isAt('envoy2', fourth)
    await fleet.lab.kill('envoy3')
    await fleet.lab.start('envoy1')
    await isAt('envoy1', fourth)
    await fleet.lab.start('envoy3')
    for (const node of ['envoy1', 'envoy2', 'envoy3']) {
      const { id } = await details(node)
      await run('git', ['-c', 'safe.directory=*', 'fsck', '--full', '--strict'], {
        cwd: fleet.state(node, 'swarm/gitback/projects', `${id}.git`),
      })
    }
  })

  test('refuses a push that rewrites, and one of a member that was revoked', async () => {
    await git('envoy1', 'one', 'pull', '--quiet', 'swarm', 'main')
    await git('envoy1', 'one', 'reset', '--quiet', '--hard', 'HEAD~1')
    await commit('envoy1', 'one', 'another')
    await expect(git('envoy1', 'one', 'push', 'swarm', '+main')).rejects.toThrow(/only goes forward/)

    succeeded(await gitback('envoy1', 'project', 'revoke', 'docs', 'p-envoy2'))
    await until('envoy2 hears of it', async () => !(await details('envoy2')).isHeldHere)
    await commit('envoy2', 'two', 'late')
    await expect(git('envoy2', 'two', 'push')).rejects.toThrow(/join it first|may not/)
    const [gone] = (await fleet.json<{ removed: { handle: string }[] }>('envoy2', 'swarm', 'gitback', 'gc-orphans'))
      .removed
    expect(gone?.handle).toBe('docs')
  })
})
