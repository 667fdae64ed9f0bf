import { createHash } from 'node:crypto'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Plugin, type RolldownOutput, rolldown } from 'rolldown'

/**
 * Writes `dist/` (or the folder in it that the first argument names): the programs as JavaScript, bundled with the libraries that they load, because finding
 * hundreds of small modules takes longer than most commands. A package of its own.
 */

const top = fileURLToPath(new URL('..', import.meta.url))
const folder = join(top, 'dist', process.argv[2] ?? '')
// It is removed first.
if (relative(join(top, 'dist'), folder).startsWith('..')) throw new Error(`${folder} is not in dist`)

/** Modules that something outside of the bundle names: the launcher, worker threads, benchmarks. */
const ENTRIES = [
  'cli/vigo/main',
  'cli/vigocli/main',
  'cli/vigosrv/main',
  'cli/lab/index',
  'swarm/chunk/chunker',
  'swarm/store/worker-entry',
]

/** Libraries that look for files of their own: native code, assets, generated validators. */
const EXTERNAL = ['fastify', 'htmx.org', 'level']

/** What many commands load together, so that it is found once; anything else is divided by who loads it. */
const CHUNKS = [
  { name: 'base', test: /\/(node\/kit|node\/api\/errors|cli\/shell|node_modules\/commander)\// },
  { name: 'language', test: /\/(config\/lang|node_modules\/yaml)\// },
  { name: 'config', test: /\/config\/(lint|store|publish)\// },
]

/** Read beside the modules that name them by `import.meta.url`. */
const BESIDE = ['cli/bin', 'node/vigosrv/dashboard/assets', 'stacks-examples']

rmSync(folder, { recursive: true, force: true })
const bundle = await rolldown({
  cwd: top,
  input: Object.fromEntries(ENTRIES.map(name => [name, `./${name}.ts`])),
  external: EXTERNAL,
  platform: 'node',
  plugins: [ownPlaces()],
})
const { output } = await bundle.write({
  dir: folder,
  entryFileNames: '[name].js',
  chunkFileNames: 'chunks/[name]-[hash].js',
  codeSplitting: { groups: CHUNKS },
})
for (const path of BESIDE) cpSync(join(top, path), join(folder, path), { recursive: true })
writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest(output), null, 2)}\n`)

/** A module goes on finding the files beside it, whichever chunk it is in. */
function ownPlaces(): Plugin {
  const mark = (path: string): string => `__place_of__("${path}")`
  return {
    name: 'own-places',
    transform: {
      filter: { id: /\.ts$/, code: /import\.meta\.url/ },
      handler(code, id) {
        const place = relative(top, id).replace(/\.ts$/, '.js')
        return code.replaceAll('import.meta.url', mark(place))
      },
    },
    renderChunk(code, { fileName }) {
      return code.replaceAll(/__place_of__\("(.+?)"\)/g, (_, place: string) => {
        const from = relative(dirname(fileName), place)
        return `new URL(${JSON.stringify(from)}, import.meta.url).href`
      })
    },
  }
}

function manifest(files: RolldownOutput['output']): object {
  const { name, version, description, type, license, engines, bin, dependencies, optionalDependencies } = JSON.parse(
    readFileSync(join(top, 'package.json'), 'utf8'),
  )
  return {
    name,
    version,
    build: hashOf(files),
    description,
    type,
    license,
    engines,
    bin,
    dependencies: Object.fromEntries(EXTERNAL.map(library => [library, dependencies[library]])),
    optionalDependencies,
  }
}

function hashOf(files: RolldownOutput['output']): string {
  const hash = createHash('sha256')
  for (const file of files) hash.update(`${file.fileName}\n`).update(file.type === 'chunk' ? file.code : file.source)
  return hash.digest('hex')
}
