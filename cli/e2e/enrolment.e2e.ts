import { access, mkdir, readFile, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { layout } from '#node/kit'
import { Fleet, type Ran, refusal, start, succeeded, until } from './fixture.ts'

let fleet: Fleet
beforeAll(async () => {
  fleet = await Fleet.up(1)
})
afterAll(() => fleet?.down())

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

async function token(...options: string[]): Promise<string> {
  const { stdout } = succeeded(await fleet.start('server', 'vigosrv', ['token', 'create', ...options]).ended)
  return stdout.trim()
}

/** A machine that belongs to no fleet yet. */
async function machine(name: string): Promise<{ root: string; vigo: (...args: string[]) => Promise<Ran> }> {
  const root = fleet.path(name)
  await mkdir(root)
  const env = { ...fleet.lab.environment(fleet.lab.node('server')), VIGO_ROOT: root }
  return { root, vigo: (...args) => start('vigo', args, env).ended }
}

const members = async (): Promise<string[]> => {
  const { stdout } = succeeded(await fleet.start('server', 'vigosrv', ['members', 'list', '--json']).ended)
  return (JSON.parse(stdout) as { hostname: string }[]).map(({ hostname }) => hostname).sort()
}

describe('enrolment', () => {
  test('with a token that was used up is refused, and works with a fresh one', async () => {
    const url = await token()
    const [first, second] = [await machine('first'), await machine('second')]
    succeeded(await first.vigo('enroll', url, '--hostname', 'first'))
    expect(refusal(await second.vigo('enroll', url, '--hostname', 'second'), 4)).toMatch(/token/)
    expect(await exists(layout(second.root).agentYaml)).toBe(false)
    expect(await members()).toEqual(['envoy1', 'first', 'server'])
    succeeded(await second.vigo('enroll', await token(), '--hostname', 'second'))
    expect(await members()).toEqual(['envoy1', 'first', 'second', 'server'])
    expect(refusal(await second.vigo('enroll', await token(), '--hostname', 'second'), 4)).toMatch(/belongs to fleet/)
  })

  test('with a token that has expired, or is for other host names, or with a name in use is refused', async () => {
    const node = await machine('third')
    const brief = await token('--ttl', '1s')
    await sleep(1_100)
    expect(refusal(await node.vigo('enroll', brief, '--hostname', 'third'), 4)).toMatch(/expired/)
    const forOthers = await token('--pattern', 'web-*')
    expect(refusal(await node.vigo('enroll', forOthers, '--hostname', 'third'), 4)).toMatch(/third/)
    const taken = await token()
    expect(refusal(await node.vigo('enroll', taken, '--hostname', 'envoy1'), 4)).toMatch(/envoy1/)
    expect(refusal(await node.vigo('enroll', taken, '--hostname', 'no good'), 4)).toMatch(/host name/)
    expect(await exists(layout(node.root).agentYaml)).toBe(false)
    expect(refusal(await node.vigo('agent', 'run'), 4)).toMatch(/vigo enroll/)
    succeeded(await node.vigo('enroll', forOthers, '--hostname', 'web-1'))
    expect(await members()).toContain('web-1')
  })

  test('with a URL that is damaged, or that leads to another key than it names, is refused', async () => {
    const node = await machine('fourth')
    const url = await token()
    for (const garbage of ['', 'hello', 'https://example.com/', url.slice(0, 40), `${url}x`.replace('vigo', 'vgio')]) {
      expect(refusal(await node.vigo('enroll', garbage, '--hostname', 'fourth'), 2)).toMatch(/join URL/)
    }
    const { publicKey } = await fleet.lab.memberStatus('envoy1')
    const { fleet: fleetId } = await fleet.lab.memberStatus('server')
    const impostor = url.replaceAll(fleetId, publicKey)
    expect(impostor).not.toBe(url)
    expect(refusal(await node.vigo('enroll', impostor, '--hostname', 'fourth'), 5)).toMatch(/answered/)
    expect(await exists(layout(node.root).agentYaml)).toBe(false)
    succeeded(await node.vigo('enroll', url, '--hostname', 'fourth'))
  })

  test('says what is wrong with a settings file, by its name and key', async () => {
    const node = await machine('fifth')
    succeeded(await node.vigo('enroll', await token(), '--hostname', 'fifth'))
    const { agentYaml } = layout(node.root)
    await writeFile(agentYaml, `${await readFile(agentYaml, 'utf8')}\nsurprise: 1\n`)
    expect(refusal(await node.vigo('agent', 'run'), 2)).toContain(agentYaml)
  })

  test('of a revoked member cuts it off everywhere within seconds, and for good', async () => {
    await until('envoy1 is connected', async () => (await fleet.lab.memberStatus('envoy1')).peers.length > 0)
    succeeded(await fleet.start('server', 'vigosrv', ['members', 'revoke', 'envoy1']).ended)
    await until('envoy1 is alone', async () => (await fleet.lab.memberStatus('envoy1')).peers.length === 0, 10_000)
    const unknown = await fleet.start('server', 'vigosrv', ['members', 'revoke', 'envoy1']).ended
    expect(refusal(unknown, 3)).toMatch(/envoy1/)
    const founder = await fleet.start('server', 'vigosrv', ['members', 'revoke', 'server']).ended
    expect(refusal(founder, 2)).toMatch(/founding/)
    await fleet.restart('server', 'envoy1')
    await sleep(3_000)
    expect((await fleet.lab.memberStatus('server')).peers).toEqual([])
    expect((await fleet.lab.memberStatus('envoy1')).peers).toEqual([])
  })
})
