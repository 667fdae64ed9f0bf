import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Command } from 'commander'
import { Lab } from '#cli/lab'
import { interruptSignal, paint, print, printTable } from '#cli/shell'
import { formatSize, messageOf } from '#node/kit'

/** `npm start`: a fleet on this machine, and the main job done on it step by step, each step with its proof. */

const options = new Command('npm start --')
  .description('bring up a fleet of one server and three envoys on this machine and show what it does')
  .option('--once', 'end after the tour instead of staying up')
  .parse()
  .opts<{ once?: boolean }>()

const signal = interruptSignal()
const folder = await mkdtemp(join(tmpdir(), 'vigo-'))
let lab: Lab | undefined
let exitCode = 0
try {
  lab = await tour()
  if (!options.once) await stayUp(lab)
} catch (error) {
  exitCode = signal.aborted ? 130 : 1
  process.stderr.write(signal.aborted ? 'Interrupted.\n' : `${paint('red', 'The tour failed:')} ${messageOf(error)}\n`)
} finally {
  process.stderr.write('Stopping the fleet…\n')
  await Lab.open(folder)
    .then(opened => opened.down({ purge: true }))
    .catch(() => rm(folder, { recursive: true, force: true }))
}
process.exit(exitCode)

async function tour(): Promise<Lab> {
  title('A fleet: one server, three envoys, each a process of its own')
  const fleet = await Lab.up(folder, { envoys: 3, signal, onStep: step => print(paint('dim', `  ${step}…`)) })
  const status = await fleet.status()
  for (const node of status) proof(`${node.name} (pid ${node.pid}) is connected to ${node.peers.join(', ')}`)

  title('A publisher: a puddle identity on envoy1')
  const passphrase = join(folder, 'passphrase')
  await writeFile(passphrase, 'only for this tour\n', { mode: 0o600 })
  const puddle = (...args: string[]) => fleet.run('envoy1', 'vigo', ['swarm', 'puddle', ...args], { signal })
  await puddle('init', '--passphrase-file', passphrase)
  await puddle('unlock', '--passphrase-file', passphrase)
  await puddle('name', 'ops')
  const { publicKey } = JSON.parse(await puddle('status', '--json')) as { publicKey: string }
  proof(`the key ${publicKey.slice(0, 16)}… is unlocked in a session, and the fleet knows it as 'ops'`)

  title('Publish: push the Node binary on envoy1')
  const file = process.execPath
  const digest = await sha256Of(file)
  const pushed = await curator(fleet, 'envoy1', 'push', 'vigo-agent:1.0.0', file)
  proof(
    `vigo-agent@1.0.0 is signed and stored, ${formatSize(Number(pushed.blob.sizeBytes))}, SHA-256 ${digest.slice(0, 16)}…`,
  )
  expect(pushed.blob.sha === digest, 'the stored blob has another hash than the file')

  title('Pull it on envoy2 and envoy3')
  for (const name of ['envoy2', 'envoy3']) {
    const pulled = await pullSoon(fleet, name, 'ops/vigo-agent')
    expect((await sha256Of(pulled.path)) === digest, `the file on ${name} has another hash`)
    proof(
      `${name}: ${formatSize(pulled.report.bytesFetched)} from ${await namesOf(fleet, Object.keys(pulled.report.sources))}, byte-identical`,
    )
  }

  title('Kill envoy1, and the server with it')
  await fleet.kill('envoy1')
  await fleet.kill('server')
  proof('envoy1 and the server are gone (SIGKILL)')

  title('Pull again, from the rest: envoy3 forgets its copy and asks once more')
  await fleet.kill('envoy3')
  await rm(join(fleet.node('envoy3').root, 'var/lib/vigo/swarm'), { recursive: true })
  await rm(join(fleet.node('envoy3').root, 'var/lib/vigo/artifacts'), { recursive: true })
  await fleet.start('envoy3')
  await fleet.settled({ signal })
  const again = await pullSoon(fleet, 'envoy3', 'ops/vigo-agent:latest')
  expect((await sha256Of(again.path)) === digest, 'the file has another hash')
  proof(
    `envoy3: ${formatSize(again.report.bytesFetched)} from ${await namesOf(fleet, Object.keys(again.report.sources))}, byte-identical, with publisher and server dead`,
  )

  title('Bring envoy1 and the server back')
  await fleet.start('server')
  await fleet.start('envoy1')
  await fleet.settled({ signal })
  proof('everybody is connected again')
  return fleet
}

async function stayUp(fleet: Lab): Promise<void> {
  print()
  printTable(
    ['NODE', 'PID', 'NEIGHBOURS', 'ROOT'],
    (await fleet.status()).map(node => [node.name, String(node.pid ?? ''), node.peers.join(' '), node.root]),
    '',
  )
  print(`\nThe fleet stays up until Ctrl-C. Try, in another terminal:\n`)
  print(`  cli/bin/vigo lab exec --dir ${fleet.folder} envoy2 -- vigo swarm curator list`)
  print(`  cli/bin/vigo lab exec --dir ${fleet.folder} server -- vigosrv members list`)
  if (signal.aborted) return
  await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
}

interface Pulled {
  path: string
  blob: { sha: string; sizeBytes: number }
  report: { bytesFetched: number; sources: Record<string, number> }
}

async function curator(fleet: Lab, name: string, ...args: string[]): Promise<Pulled> {
  return JSON.parse(
    await fleet.run(name, 'vigo', ['swarm', 'curator', ...args, '--json', '--progress', 'none'], { signal }),
  )
}

/** Pulls as soon as the news of the publication has arrived, which takes a moment. */
async function pullSoon(fleet: Lab, name: string, reference: string): Promise<Pulled> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await curator(fleet, name, 'pull', reference)
    } catch (error) {
      if (attempt >= 20 || !messageOf(error).includes('known here')) throw error
      await new Promise(resolve => setTimeout(resolve, 250))
    }
  }
}

async function namesOf(fleet: Lab, peers: string[]): Promise<string> {
  const status = await fleet.status()
  return peers.map(peer => status.find(node => node.peer === peer)?.name ?? peer).join(' and ')
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash)
  return hash.digest('hex')
}

function expect(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise)
}

function title(text: string): void {
  print(`\n${paint('bold', text)}`)
}

function proof(text: string): void {
  print(`  ${paint('green', '✓')} ${text}`)
}
