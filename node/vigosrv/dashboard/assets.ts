import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { sha256Hex } from '#node/kit'

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
  /** In the order in which pages load them. */
  readonly scripts: readonly string[]

  constructor() {
    const own = (name: string): string => fileURLToPath(new URL(`./assets/${name}`, import.meta.url))
    const htmx = (name: string): string => fileURLToPath(import.meta.resolve(`htmx.org/dist/${name}`))
    const style = asset(
      'style.css',
      STYLES.map(name => own(`style/${name}.css`)),
      'text/css; charset=utf-8',
    )
    const image = asset('icon.svg', [own('icon.svg')], 'image/svg+xml')
    const script = 'text/javascript; charset=utf-8'
    const scripts = [
      asset('htmx.js', [htmx('htmx.min.js')], script),
      asset('htmx-sse.js', [htmx('ext/hx-sse.min.js')], script),
      asset('live.js', [own('live.js')], script),
    ]
    this.#assets = [style, image, ...scripts]
    this.style = style.path
    this.icon = image.path
    this.scripts = scripts.map(({ path }) => path)
  }

  serve(app: FastifyInstance): void {
    for (const { path, type, bytes } of this.#assets) {
      app.get(path, (_request, reply) =>
        reply.header('cache-control', 'public, max-age=31536000, immutable').type(type).send(bytes),
      )
    }
  }
}

function asset(name: string, files: readonly string[], type: string): Asset {
  const bytes = Buffer.concat(files.map(file => readFileSync(file)))
  return { path: `/assets/${sha256Hex(bytes).slice(0, 12)}/${name}`, type, bytes }
}
