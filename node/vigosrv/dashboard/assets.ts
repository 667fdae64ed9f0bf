import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { sha256Hex } from '#node/kit'
import { DashboardError } from './errors.ts'

interface Asset {
  readonly path: string
  readonly type: string
  readonly bytes: Buffer
}

/** One sheet, in this order: later rules win over earlier ones. */
const STYLES = [
  'base',
  'frame',
  'parts',
  'tables',
  'overview',
  'story',
  'lines',
  'chart',
  'details',
  'plain',
  'narrow',
] as const

/** The files that pages load, each below a path that changes with its content, so that browsers may keep them for ever. */
export class Assets {
  readonly #assets: readonly Asset[]
  readonly style: string
  readonly icon: string
  readonly script: string

  constructor() {
    const own = (name: string): string => fileURLToPath(new URL(`./assets/${name}`, import.meta.url))
    const htmx = (name: string): string => fileURLToPath(import.meta.resolve(`htmx.org/dist/${name}`))
    const style = asset(
      'style.css',
      STYLES.map(name => own(`style/${name}.css`)),
      'text/css; charset=utf-8',
    )
    const image = asset('icon.svg', [own('icon.svg')], 'image/svg+xml')
    // One file, because htmx looks at the page as soon as it can: the extension and who listens to it have to be there by then.
    const script = asset(
      'live.js',
      [own('live.js'), htmx('htmx.min.js'), htmx('ext/hx-sse.min.js')],
      'text/javascript; charset=utf-8',
    )
    this.#assets = [style, image, script]
    this.style = style.path
    this.icon = image.path
    this.script = script.path
  }

  /** One route for all versions, so that requests are counted by a name that stays. */
  serve(app: FastifyInstance): void {
    const assets = new Map(this.#assets.map(each => [each.path, each]))
    app.get('/assets/:version/:name', (request, reply) => {
      const { version = '', name = '' } = request.params as Record<string, string>
      const found = assets.get(`/assets/${version}/${name}`)
      if (found === undefined) throw new DashboardError('not-found', 'there is no such file; load the page again')
      return reply.header('cache-control', 'public, max-age=31536000, immutable').type(found.type).send(found.bytes)
    })
  }
}

function asset(name: string, files: readonly string[], type: string): Asset {
  const bytes = Buffer.from(files.map(file => readFileSync(file, 'utf8')).join('\n'))
  return { path: `/assets/${sha256Hex(bytes).slice(0, 12)}/${name}`, type, bytes }
}
