import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sha256Hex } from '#node/kit'
import { result } from '../pages/envoys/fixture.ts'
import { rolledBackFleet } from '../story/fixture.ts'
import { type Look, launch, missing, Site, Visitor } from './fixture.ts'

/** A folder for pictures of all pages, to be looked at; none are made without it. */
const PICTURES = process.env['VIGO_SCREENSHOTS']

let browser: Browser
let site: Site

beforeAll(async () => {
  if (missing !== '') return
  browser = await launch()
  site = await Site.open()
  await rolledBackFleet(site.server)
})
afterAll(async () => {
  await browser?.close()
  await site?.[Symbol.asyncDispose]()
})

const DB1 = `/envoys/${sha256Hex('db1.example.com')}`
const PAGES: Readonly<Record<string, string>> = {
  overview: '/',
  envoys: '/envoys',
  envoy: DB1,
  resource: `${DB1}/resource?id=nginx/config`,
  runs: '/runs',
  releases: '/releases',
  release: '/releases/3',
  'roll-back': '/releases/1/roll-back',
  tasks: '/tasks',
  task: '/tasks/9c0de5aa71b2f364',
  artifacts: '/artifacts',
  bolts: '/bolts',
  projects: '/projects',
  project: `/projects/${sha256Hex('tools')}`,
  audit: '/audit',
}

const LOOKS: Readonly<Record<string, Look>> = {
  'desktop, light': { scheme: 'light' },
  'desktop, dark': { scheme: 'dark' },
  'phone, light': { width: 390, height: 844, scheme: 'light' },
  'phone, dark': { width: 360, height: 740, scheme: 'dark' },
}

describe.skipIf(missing !== '')('every page', () => {
  test.each(Object.entries(LOOKS))(
    'on a %s screen can be read by everybody, and asks for nothing elsewhere',
    async (name, look) => {
      await using visitor = await Visitor.enter(browser, site, 'vgot_operator', look)
      for (const [page, path] of Object.entries(PAGES)) {
        await visitor.go(path)
        await visitor.live()
        expect([page, await visitor.overflow()]).toEqual([page, 0])
        expect([page, await visitor.problems()]).toEqual([page, []])
        if (PICTURES === undefined) continue
        mkdirSync(PICTURES, { recursive: true })
        const file = join(PICTURES, `${page}-${name.replace(', ', '-')}.png`)
        await visitor.page.screenshot({ path: file, fullPage: true })
      }
      expect(visitor.faults).toEqual([])
    },
  )

  test('of a server that has nothing yet, and those to sign in and for what is not there, can be read by everybody', async () => {
    await using empty = await Site.open()
    for (const scheme of ['light', 'dark'] as const) {
      await using visitor = await Visitor.enter(browser, empty, 'vgot_viewer', { width: 390, height: 844, scheme })
      for (const path of [
        '/',
        '/envoys',
        '/runs',
        '/releases',
        '/tasks',
        '/artifacts',
        '/bolts',
        '/projects',
        '/audit',
      ]) {
        await visitor.go(path)
        await visitor.live()
        expect([path, await visitor.overflow(), await visitor.problems()]).toEqual([path, 0, []])
      }
      expect(visitor.faults).toEqual([])
      for (const path of ['/sign-in', '/nothing']) {
        await visitor.go(path)
        expect([path, await visitor.overflow(), await visitor.problems()]).toEqual([path, 0, []])
      }
    }
  })

  test('works without scripts: searching, paging, asking envoys, rolling back, signing out', async () => {
    await using own = await Site.open()
    await rolledBackFleet(own.server)
    await using visitor = await Visitor.enter(browser, own, 'vgot_operator', { script: false })
    const { page } = visitor
    await page.getByRole('link', { name: 'Envoys', exact: true }).click()
    await page.getByLabel('Search').fill('db')
    await page.getByRole('button', { name: 'Show', exact: true }).click()
    await expect.poll(() => page.locator('#envoys tbody tr').count()).toBe(2)
    await page.getByRole('button', { name: 'Ask these 2 to check in now' }).click()
    expect(await page.locator('#notice').textContent()).toContain('1 connected envoy was asked to check in now.')
    await visitor.go('/releases/1')
    await page.getByRole('link', { name: 'Make it live again' }).click()
    await page.getByLabel('Reason').fill('the first one was best')
    await page.getByRole('button', { name: 'Roll back to #1' }).click()
    expect(await page.locator('#notice').textContent()).toContain('live again as #5')
    expect(await page.locator('#live').textContent()).toBe('Not live: reload to update')
    await page.getByRole('button', { name: 'Sign out' }).click()
    await visitor.go('/envoys')
    expect(page.url()).toBe(`${own.origin}/sign-in?to=%2Fenvoys`)
  })
})

describe.skipIf(missing !== '')('the look for what cannot be read', () => {
  test('finds it', async () => {
    await using visitor = await Visitor.enter(browser, site, 'vgot_viewer', { script: true })
    await visitor.page.setContent(`<html><body>
      <main id="a"><h1>One</h1><h3>Three</h3><p id="a">twice</p><input><button></button><img src="data:,">
      <p><font color="#999999">pale</font></p><table><tbody><tr><td>1</td></tr></tbody></table>
      <svg width="9" height="9"></svg></main></body></html>`)
    const problems = (await visitor.problems()).map(problem => problem.split(':')[0] ?? '')
    expect(problems.toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
      'a heading of level 3 comes after one of level 1',
      'contrast 2.85 is below 4.5',
      'id a is there twice',
      'it has no alt',
      'it has no caption',
      'it has no name',
      'it has no name',
      'it has not one heading',
      'it is neither hidden nor named',
      'the page has no language',
      'the page has no title',
      'there is not one header',
    ])
  })
})

describe.skipIf(missing !== '')('what others wrote', () => {
  const HOSTILE = `"><script>alert(1)</script><img src=x onerror='alert(2)'><hx-partial hx-target="body">x</hx-partial>`
  const LONG = `${'a-very-long-name'.repeat(15)}.example.com`

  test('runs nowhere, neither in a page nor in an update of it, and breaks no line', async () => {
    await using own = await Site.open()
    const { server } = own
    const { release } = await server.publish({ author: HOSTILE, reason: LONG, agoMs: 60_000 })
    for (const name of [HOSTILE, LONG]) server.fleet.add(name, { platform: name, environment: name })
    await using visitor = await Visitor.enter(browser, own, 'vgot_operator', { width: 390, height: 844 })
    const bad = result('motd/motd', 'file', 'failed', {
      message: HOSTILE + LONG,
      diff: `--- a\n+++ b\n+${HOSTILE}\n+${LONG}\n`,
      changes: [{ attribute: HOSTILE, from: LONG, to: HOSTILE }],
    })
    for (const path of ['/', '/envoys', '/releases', '/releases/1', `/envoys/${sha256Hex(HOSTILE)}`]) {
      await visitor.go(path)
      await visitor.live()
      for (const name of [HOSTILE, LONG]) server.fleet.report(name, { release, results: [bad] })
      await expect.poll(() => visitor.page.locator('main').textContent(), { timeout: 10_000 }).toContain('<script>')
      for (const width of [390, 900, 1360]) {
        await visitor.page.setViewportSize({ width, height: 844 })
        expect([path, width, await visitor.overflow()]).toEqual([path, width, 0])
      }
      expect(await visitor.page.locator('main').count()).toBe(1)
    }
    expect(visitor.faults).toEqual([])
  })
})
