import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Command } from 'commander'
import { Lab } from '#cli/lab'
import { interruptSignal, paint, print, printTable } from '#cli/shell'
import { formatSize, messageOf } from '#node/kit'

const MOTD = 'Managed by Vigo. Do not edit by hand.\n'
const MOTD_CRATE = `configcrate: motd
resources:
  - type: file
    target_path: /etc/motd
    content: |
      ${MOTD.trim()}
    owner: root
    group: root
    mode: "0644"
`
const CONVERGENCE_TIMEOUT_MS = 60_000

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

  await configure(fleet)

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

/** Write, publish, converge, drift: the loop. */
async function configure(fleet: Lab): Promise<void> {
  title('Configuration: a configcrate is written, bound to every host, and published')
  const stacks = join(fleet.node('server').root, 'srv/vigo/stacks')
  await mkdir(join(stacks, 'configcrates'), { recursive: true })
  await writeFile(join(stacks, 'configcrates/motd.vgo'), MOTD_CRATE)
  await writeFile(join(stacks, 'envoys.vgo'), 'envoys:\n  - match: "*"\n    configcrates: [motd]\n')
  const published = await fleet.run('server', 'vigocli', ['config', 'publish', '--reason', 'tour'], { signal })
  proof(published.split('\n')[0] ?? '')

  title('Three envoys converge to it')
  const motd = (name: string): string => join(fleet.node(name).root, 'etc/motd')
  for (const name of ['envoy1', 'envoy2', 'envoy3']) {
    await until(`${name} has /etc/motd`, async () => (await textOf(motd(name))) === MOTD)
    proof(`${name}: its /etc/motd says '${MOTD.trim()}'`)
  }
  await until('the server knows that all three converged', async () => {
    const rows = JSON.parse(await fleet.run('server', 'vigocli', ['envoys', 'list', '--json'], { signal }))
    return rows.length === 3 && rows.every((row: { status: string }) => row.status === 'converged')
  })
  proof('the server knows: 3 of 3 converged')

  title('Somebody edits the file on envoy2 by hand')
  await appendFile(motd('envoy2'), 'edited by hand\n')
  await until('envoy2 puts it back', async () => (await textOf(motd('envoy2'))) === MOTD)
  proof('one interval later envoy2 has put it back; its run says that drift was corrected')
}

async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + CONVERGENCE_TIMEOUT_MS
  while (!(await look())) {
    signal.throwIfAborted()
    if (performance.now() > deadline) throw new Error(`it took too long until ${what}`)
    await new Promise(resolve => setTimeout(resolve, 200))
  }
}

function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}

async function stayUp(fleet: Lab): Promise<void> {
  print()
  printTable(
    ['NODE', 'PID', 'NEIGHBOURS', 'ROOT'],
    (await fleet.status()).map(node => [node.name, String(node.pid ?? ''), node.peers.join(' '), node.root]),
    '',
  )
  const token = await fleet.run('server', 'vigocli', ['token', 'create', 'tour', '--role', 'admin', '--json'], {
    signal,
  })
  print(`\nThe dashboard: ${fleet.node('server').url ?? ''}`)
  print(`Sign in with:  ${(JSON.parse(token) as { token: string }).token}`)
  print(`\nThe fleet stays up until Ctrl-C. Try, in another terminal:\n`)
  print(`  cli/bin/vigo lab exec --dir ${fleet.folder} server -- vigocli envoys list`)
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
