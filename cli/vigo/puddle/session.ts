import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type Command, Option } from 'commander'
import { durationOption, layoutOf, print, readPassphrase } from '#cli/shell'
import { formatDuration, fromHex, isHex, parseDuration, toHex } from '#node/kit'
import { IdentityFiles, PuddleError, SessionClient, serveSession } from '#swarm/puddle/session'

const START_TIMEOUT_MS = 10_000

export function addSession(puddle: Command): void {
  puddle
    .command('unlock')
    .description('open a session that signs for you until it is idle for a while')
    .addOption(
      new Option('--idle <duration>', 'lock again when unused for this long')
        .argParser(durationOption)
        .default(parseDuration('15m'), '15m'),
    )
    .option('--passphrase-file <file>', 'read the passphrase from the first line of a file')
    .action(async (options: { idle: number; passphraseFile?: string }, command: Command) => {
      const { puddle: folder, puddleSocket } = layoutOf(command)
      const files = new IdentityFiles(folder)
      const session = new SessionClient(puddleSocket)
      if ((await files.publicKey()) === null) await files.unlock('')
      const passphrase = await readPassphrase({ file: options.passphraseFile, prompt: 'Passphrase' })
      const seed = await files.unlock(passphrase)
      await session.lock()
      await startSession(command, seed, options.idle)
      print(`Unlocked; locks itself when unused for ${formatDuration(options.idle)}.`)
    })

  puddle
    .command('lock')
    .description('end the session')
    .action(async (_options: object, command: Command) => {
      const locked = await new SessionClient(layoutOf(command).puddleSocket).lock()
      print(locked ? 'Locked.' : 'It was locked already.')
    })

  puddle
    .command('session', { hidden: true })
    .description('the process behind unlock: reads the key from standard input')
    .requiredOption('--idle-ms <n>', 'idle time', Number)
    .action(async (options: { idleMs: number }, command: Command) => {
      const seedHex = await readLine()
      if (!isHex(seedHex, 32)) throw new PuddleError('usage', 'this command is started by vigo swarm puddle unlock')
      const seed = fromHex(seedHex)
      const { ended } = await serveSession({ socket: layoutOf(command).puddleSocket, seed, idleMs: options.idleMs })
      process.stdout.write('ready\n')
      await ended
      process.exit(0)
    })
}

/** Starts the session process in the background and hands it the key over a pipe, never as an argument or a file. */
async function startSession(command: Command, seed: Uint8Array, idleMs: number): Promise<void> {
  const args = [...process.execArgv, process.argv[1] ?? '', '--root', layoutOf(command).root]
  const child = spawn(process.execPath, [...args, 'swarm', 'puddle', 'session', '--idle-ms', String(idleMs)], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    cwd: '/',
  })
  let complaint = ''
  child.stderr.on('data', (data: Buffer) => {
    complaint += data.toString('utf8')
  })
  child.stdin.end(`${toHex(seed)}\n`)
  const ready = once(child.stdout, 'data', { signal: AbortSignal.timeout(START_TIMEOUT_MS) })
  const exited = once(child, 'exit').then(() => {
    throw new PuddleError('locked', `the puddle session did not start: ${complaint.trim()}`)
  })
  await Promise.race([ready, exited])
  exited.catch(() => undefined)
  child.stdout.destroy()
  child.stderr.destroy()
  child.unref()
}

async function readLine(): Promise<string> {
  let text = ''
  for await (const data of process.stdin) {
    text += String(data)
    if (text.length > 1000) break
  }
  return text.trim()
}
