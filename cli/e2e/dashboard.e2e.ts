import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launch, missing, Visitor } from '../../node/vigosrv/dashboard/browser/fixture.ts'
import { Fleet, succeeded, until } from './fixture.ts'

const WAIT = { timeout: 60_000 }
const crate = (text: string): string =>
  `name: motd\nresources:\n  - name: motd\n    type: file\n    target_path: /etc/motd\n    content: "${text}\\n"\n    owner: root\n    group: root\n    mode: "0644"\n`

describe.skipIf(missing !== '')('the dashboard of a real fleet', () => {
  let fleet: Fleet
  let browser: Browser
  beforeAll(async () => {
    fleet = await Fleet.up(2)
    browser = await launch()
  })
  afterAll(async () => {
    await browser?.close()
    await fleet?.down()
  })

  const vigocli = (...args: string[]) => fleet.start('server', 'vigocli', args).ended
  const write = async (path: string, content: string): Promise<void> => {
    const target = fleet.path('server/srv/vigo/stacks', path)
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, content)
  }

  test('shows a release going out, drift being corrected, and a release that takes itself back, on one open page', async () => {
    const { stdout } = succeeded(await vigocli('token', 'create', 'anna', '--role', 'operator', '--json'))
    const { token } = JSON.parse(stdout) as { token: string }
    const origin = fleet.lab.node('server').url ?? ''
    await using visitor = await Visitor.enter(browser, { origin }, token)
    const { page } = visitor
    await visitor.live()
    const main = async () => (await page.locator('main').textContent()) ?? ''

    await write('configcrates/motd.vgo', crate('first'))
    await write('envoys.vgo', 'envoys:\n  - match: "*"\n    configcrates: [motd]\n')
    expect((await vigocli('config', 'publish', '--reason', 'the first one')).code).toBe(0)
    await expect.poll(main, WAIT).toContain('the first one')
    await expect.poll(main, WAIT).toMatch(/2 of 2 envoys/)

    await appendFile(join(fleet.lab.node('envoy1').root, 'etc/motd'), 'by hand\n')
    await expect.poll(async () => await page.locator('main').textContent(), WAIT).toMatch(/Corrected\s*1/)

    await write(
      'configcrates/broken.vgo',
      'name: broken\nresources:\n  - name: breaks\n    type: exec\n    command: echo it cannot work >&2; exit 7\n    unless: test -e /nonexistent\n',
    )
    await write('envoys.vgo', 'envoys:\n  - match: "*"\n    configcrates: [motd, broken]\n')
    expect((await vigocli('config', 'publish', '--canary', 'envoy2', '--reason', 'breaks')).code).toBe(1)
    await expect.poll(main, WAIT).toMatch(/was rolled back/)
    const story = await main()
    for (const part of ['breaks', 'envoy2', 'broken/breaks', 'rollback monitor']) expect(story).toContain(part)

    await visitor.go('/envoys')
    await expect.poll(main, WAIT).toContain('envoy1')
    expect(await visitor.problems()).toEqual([])
    expect(await visitor.overflow()).toBe(0)
    expect(visitor.faults).toEqual([])
    const motd = join(fleet.lab.node('envoy2').root, 'etc/motd')
    await until('envoy2 kept the good release', async () => (await readFile(motd, 'utf8')) === 'first\n')
  })
})
