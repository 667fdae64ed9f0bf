import { existsSync, readFileSync } from 'node:fs'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { expect } from 'vitest'
import { silentLogger } from '#node/kit'
import { HttpServer } from '../../http/server.ts'
import { FakeServer } from '../fixture.ts'
import { dashboardOf } from '../mount.ts'

const CHROMIUM = '/usr/bin/chromium'
const CHECKS = readFileSync(new URL('./checks.js', import.meta.url), 'utf8')

/** Why these tests cannot run here; empty when they can. */
export const missing = existsSync(CHROMIUM) ? '' : `there is no ${CHROMIUM}: apt-get install chromium`
if (missing !== '') console.warn(`dashboard in a browser: skipped, ${missing}`)

export async function launch(): Promise<Browser> {
  return await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    ],
  })
}

/** The pages behind the real HTTP server, on a port of loopback. */
export class Site implements AsyncDisposable {
  readonly server: FakeServer
  http: HttpServer
  readonly origin: string

  private constructor(server: FakeServer, http: HttpServer) {
    this.server = server
    this.http = http
    this.origin = http.listeners()[0]?.url ?? ''
  }

  static async open(): Promise<Site> {
    const server = await FakeServer.create()
    return new Site(server, await listen(server, 0))
  }

  /** The server goes away, with every open page. */
  async stop(): Promise<void> {
    await this.http.close()
  }

  /** It comes back where it was. */
  async start(): Promise<void> {
    this.http = await listen(this.server, Number(new URL(this.origin).port))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.http.close()
    await this.server[Symbol.asyncDispose]()
  }
}

async function listen(server: FakeServer, port: number): Promise<HttpServer> {
  return await HttpServer.start({
    addresses: [{ scheme: 'http', host: '127.0.0.1', port }],
    names: [],
    certificate: () => Promise.reject(new Error('no address asks for one')),
    mounts: [dashboardOf(server.parts, server.auth)],
    logger: silentLogger,
  })
}

export interface Look {
  readonly width?: number
  readonly height?: number
  readonly scheme?: 'light' | 'dark'
  readonly script?: boolean
}

/** One person's browser: notes everything that should not happen. */
export class Visitor implements AsyncDisposable {
  readonly page: Page
  /** Errors of the console, among them violations of the content security policy; requests elsewhere; dialogs. */
  readonly faults: string[] = []
  readonly #context: BrowserContext
  readonly #origin: string

  private constructor(context: BrowserContext, page: Page, origin: string) {
    this.#context = context
    this.#origin = origin
    this.page = page
    page.on('console', message => {
      if (message.type() === 'error' || message.type() === 'warning') this.faults.push(`console: ${message.text()}`)
    })
    page.on('pageerror', error => this.faults.push(`error: ${error.message}`))
    page.on('request', request => {
      if (!request.url().startsWith(origin)) this.faults.push(`request: ${request.url()}`)
    })
    page.on('dialog', dialog => {
      this.faults.push(`dialog: ${dialog.message()}`)
      void dialog.dismiss()
    })
  }

  static async enter(browser: Browser, site: Pick<Site, 'origin'>, token: string, look: Look = {}): Promise<Visitor> {
    const { width = 1360, height = 900, scheme = 'light', script = true } = look
    const context = await browser.newContext({
      viewport: { width, height },
      colorScheme: scheme,
      javaScriptEnabled: script,
      deviceScaleFactor: width < 600 ? 2 : 1,
    })
    const visitor = new Visitor(context, await context.newPage(), site.origin)
    const { page } = visitor
    await page.goto(`${site.origin}/sign-in`)
    await page.getByLabel('API token').fill(token)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForURL(`${site.origin}/`)
    return visitor
  }

  async go(path: string): Promise<void> {
    await this.page.goto(this.#origin + path)
  }

  /** Resolves once the page's stream is open. */
  async live(): Promise<void> {
    const told = async () => `${await this.page.locator('#live').textContent()} ${this.faults.join('; ')}`
    await expect.poll(told, { timeout: 15_000 }).toMatch(/^Live /)
  }

  /** What is wrong with the page for those who cannot see it, or see it badly. */
  async problems(): Promise<string[]> {
    return (await this.page.evaluate(CHECKS)) as string[]
  }

  /** Pixels that the page is wider than the window. */
  async overflow(): Promise<number> {
    const script = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
    return Number(await this.page.evaluate(script))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close()
  }
}
