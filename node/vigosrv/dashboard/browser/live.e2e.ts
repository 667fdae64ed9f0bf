import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { result } from '../pages/envoys/fixture.ts'
import { NGINX_FAILED, rolledBackFleet } from '../story/fixture.ts'
import { launch, missing, Site, Visitor } from './fixture.ts'

let browser: Browser
let site: Site

beforeAll(async () => {
  if (missing === '') browser = await launch()
})
afterAll(async () => {
  await browser?.close()
})
beforeEach(async () => {
  if (missing === '') site = await Site.open()
})
afterEach(async () => {
  await site?.[Symbol.asyncDispose]()
})

const WAIT = { timeout: 15_000 }

describe.skipIf(missing !== '')('an open page', () => {
  test('follows a release from its publication over a failure to the roll back, without being loaded again', async () => {
    const { server } = site
    const good = await server.publish({ author: 'ben', reason: 'First', agoMs: 3_600_000 })
    const hosts = ['web1', 'web2', 'web3', 'web4'].map(name => `${name}.example.com`)
    for (const host of hosts) {
      server.fleet.add(host)
      server.fleet.report(host, { release: good.release })
    }
    await using visitor = await Visitor.enter(browser, site, 'vgot_viewer')
    const { page } = visitor
    await visitor.live()
    await page.evaluate('window.isStillThere = true')
    const text = async (id: string) => await page.locator(`#${id}`).textContent()
    expect(await text('headline')).toContain('4 of 4 envoys converged')

    const bad = await server.publish({
      author: 'anna',
      reason: 'Port 80',
      agoMs: 5_000,
      files: {
        'configcrates/extra.vgo': 'name: extra\nresources: []\n',
        'roles/web.vgo': 'name: web\nconfigcrates: [motd, nginx, hardening, extra]\n',
      },
    })
    const canary = {
      selector: '2',
      release: bad.release,
      base: good.release,
      by: 'anna',
      since: server.clock.now(),
      hosts: hosts.slice(0, 2),
      converged: [],
      failed: [],
    }
    server.rollout.set({ canary: { ...canary, phase: 'watching', until: server.clock.now() + 60_000 } })
    await expect.poll(() => text('release'), WAIT).toContain('Release #2 is being tried on 2 canaries')

    server.fleet.report('web1.example.com', { release: bad.release, results: NGINX_FAILED })
    server.rollout.set({
      canary: { ...canary, failed: ['web1.example.com'], phase: 'watching', until: server.clock.now() + 60_000 },
    })
    await expect.poll(() => text('release'), WAIT).toContain('nginx.service did not start')
    await expect.poll(() => text('headline'), WAIT).toContain('1 degraded')
    await expect.poll(() => text('attention'), WAIT).toContain('nginx/service')

    await server.rollBack({ to: 1, author: 'rollback monitor', reason: 'it failed', agoMs: 0 })
    server.rollout.set({
      canary: {
        ...canary,
        failed: ['web1.example.com'],
        phase: 'stopped',
        at: server.clock.now(),
        reason: 'it failed',
      },
    })
    server.fleet.report('web1.example.com', { release: good.release })
    await expect.poll(() => text('release'), WAIT).toContain('Release #2 was rolled back; #3 is live')
    await expect.poll(() => text('release'), WAIT).toContain('4 of 4 envoys')
    await expect.poll(() => text('headline'), WAIT).toContain('Nothing needs attention')
    expect(await page.evaluate('window.isStillThere')).toBe(true)
    expect(visitor.faults).toEqual([])
  })

  test('keeps what somebody unfolded, and where the keys are', async () => {
    await rolledBackFleet(site.server)
    await using visitor = await Visitor.enter(browser, site, 'vgot_operator')
    const { page } = visitor
    const problem = { at: site.server.clock.now(), message: 'release 5 has 1 error', diagnostics: finding() }
    Object.defineProperty(site.server.parts.policy, 'problem', { value: problem, configurable: true })
    await visitor.go('/envoys/db1.example.com')
    await visitor.live()
    await page.locator('#problem summary').click()
    await page.getByRole('button', { name: 'Ask it to check in now' }).focus()
    const motd = result('motd/motd', 'file', 'corrected', { message: 'put right, as seen by this test' })
    site.server.fleet.report('db1.example.com', { release: site.server.parts.policy.release ?? '', results: [motd] })
    await expect.poll(() => page.locator('#resources').textContent(), WAIT).toContain('as seen by this test')
    expect(await page.locator('#problem details').getAttribute('open')).toBe('')
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Ask it to check in now')
  })

  test('of a task shows what hosts say while it runs', async () => {
    await rolledBackFleet(site.server)
    await using visitor = await Visitor.enter(browser, site, 'vgot_viewer')
    await visitor.go('/tasks/9c0de5aa71b2f364')
    await visitor.live()
    const task = await site.server.tasks.get('9c0de5aa71b2f364')
    if (task === null) throw new Error('there is no such task')
    const hosts = task.hosts.map((host, at) => (at === 5 ? { ...host, output: 'draining connections …\n' } : host))
    site.server.tasks.say({ ...task, hosts }, 'draining connections …\n')
    await expect.poll(() => visitor.page.locator('#task-hosts').textContent(), WAIT).toContain('draining connections')
    site.server.tasks.set({ ...task, hosts, state: 'failed', reason: 'more hosts failed than allowed', endedAt: 1 })
    await expect
      .poll(() => visitor.page.locator('#task').textContent(), WAIT)
      .toContain('more hosts failed than allowed')
    expect(visitor.faults).toEqual([])
  })

  test('says when the server is away, and goes on when it is back', async () => {
    await rolledBackFleet(site.server)
    await using visitor = await Visitor.enter(browser, site, 'vgot_viewer')
    const { page } = visitor
    await visitor.live()
    await site.stop()
    await expect.poll(() => page.locator('#live').textContent(), WAIT).toBe('Reconnecting …')
    await site.start()
    await visitor.live()
    site.server.fleet.change('web01.example.com', { status: 'failed' })
    await expect.poll(() => page.locator('#headline').textContent(), WAIT).toContain('1 failed')
  })

  test('says when its session ended', async () => {
    await rolledBackFleet(site.server)
    await using visitor = await Visitor.enter(browser, site, 'vgot_viewer')
    await visitor.live()
    const [cookie] = await visitor.page.context().cookies()
    site.server.auth.logout(`${cookie?.name}=${cookie?.value}`)
    site.server.fleet.change('web01.example.com', { status: 'failed' })
    await expect.poll(() => visitor.page.locator('#live').textContent(), WAIT).toContain('Signed out')
  })
})

describe.skipIf(missing !== '')('with keys alone', () => {
  test('one gets past the navigation, to an envoy and to a form, and sees where one is', async () => {
    await rolledBackFleet(site.server)
    await using visitor = await Visitor.enter(browser, site, 'vgot_operator')
    const { page } = visitor
    const focused = async () => String(await page.evaluate('document.activeElement.textContent.trim()'))
    const isVisible = async () =>
      await page.evaluate(`(() => {
        const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement)
        return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2
      })()`)
    /** Presses Tab until something of that name has the keys. */
    const reach = async (name: string): Promise<void> => {
      for (let at = 0; at < 80; at++) {
        await page.keyboard.press('Tab')
        expect(await isVisible(), await focused()).toBe(true)
        if ((await focused()) === name) return
      }
      throw new Error(`'${name}' cannot be reached`)
    }
    await page.keyboard.press('Tab')
    expect(await focused()).toBe('Skip to the content')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    expect(await page.evaluate("document.activeElement.closest('main') !== null")).toBe(true)
    await visitor.go('/')
    await reach('Envoys')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/envoys')
    await page.getByLabel('Search').focus()
    await page.keyboard.type('db1')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/envoys?q=db1*')
    await page.getByLabel('Search').focus()
    await reach('db1.example.com')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/envoys/*')
    await reach('Ask it to check in now')
    await page.keyboard.press('Enter')
    await page.waitForURL('**?done=pushed&count=1')
    expect(visitor.faults).toEqual([])
  })
})

function finding() {
  const span = { file: { path: 'roles/web.vgo', text: 'name: web' }, start: 6, end: 9 }
  return [{ code: 'bad', severity: 'error' as const, span, message: 'nothing good', hint: '', related: [] }]
}
