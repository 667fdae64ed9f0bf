import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { type Command, InvalidArgumentError } from 'commander'
import { Lab, LabError, type LabNodeStatus } from '#cli/lab'
import { interruptSignal, print, printJson, printTable } from '#cli/shell'

interface LabOptions {
  dir: string
  json?: boolean
}

export function addLab(program: Command): void {
  const lab = program.command('lab').description('a whole fleet of processes on this machine, for trying and testing')
  const withFolder = (name: string): Command =>
    lab.command(name).option('--dir <folder>', 'where the lab lives', process.env['VIGO_LAB'] ?? '.lab')

  withFolder('up')
    .description('make a fleet of servers and envoys, or start again what is stopped')
    .option('--servers <n>', 'how many servers a new lab has', serversOption, 1)
    .option('--envoys <n>', 'how many envoys a new lab has', countOption, 3)
    .option('--cuttable', 'each machine on a network of its own that lab cut can cut (root, and iproute2)')
    .option('--json', 'print the nodes as JSON')
    .action(async (options: LabOptions & { servers: number; envoys: number; cuttable?: boolean }) => {
      const onStep = (step: string): void => {
        if (!options.json) process.stderr.write(`${step}…\n`)
      }
      const { servers, envoys, cuttable: isCuttable = false } = options
      const size = { servers, envoys, isCuttable }
      const running = await Lab.up(options.dir, { ...size, signal: interruptSignal(), onStep })
      show(await running.status(), options)
    })

  withFolder('status')
    .description('the nodes of the lab')
    .option('--json', 'print as JSON')
    .action(async (options: LabOptions) => show(await (await Lab.open(options.dir)).status(), options))

  withFolder('exec <node>')
    .argument('<command...>', 'what to run, after --')
    .description('run a command as one of the machines: lab exec envoy1 -- vigo status')
    .action(async (name: string, command: string[], options: LabOptions) => {
      const opened = await Lab.open(options.dir)
      process.exitCode = await runAs(opened, name, command)
    })

  withFolder('kill <node>')
    .description('end a node at once (SIGKILL), or with another signal')
    .option('--signal <name>', 'for example SIGTERM or SIGSTOP', signalOption, 'SIGKILL')
    .action(async (name: string, options: LabOptions & { signal: NodeJS.Signals }) => {
      await (await Lab.open(options.dir)).kill(name, options.signal)
      print(options.signal === 'SIGCONT' ? `${name} goes on.` : `${name} is stopped.`)
    })

  withFolder('start <node>')
    .description('start a stopped node again')
    .action(async (name: string, options: LabOptions) => {
      await (await Lab.open(options.dir)).start(name)
      print(`${name} is running.`)
    })

  withFolder('cut')
    .argument('<nodes...>', 'those that shall not reach the others: server2 envoy3')
    .description('cut the network between some machines and the others; nobody is told')
    .action(async (names: string[], options: LabOptions) => {
      await (await Lab.open(options.dir)).cut([names])
      print(`${names.join(', ')} and the others do not reach each other any more.`)
    })

  withFolder('heal')
    .description('mend the network')
    .action(async (options: LabOptions) => {
      await (await Lab.open(options.dir)).heal()
      print('Everybody reaches everybody again.')
    })

  withFolder('down')
    .description('stop all processes of the lab')
    .option('--purge', 'also remove its folder')
    .action(async (options: LabOptions & { purge?: boolean }) => {
      await (await Lab.open(options.dir)).down({ purge: options.purge === true })
      print(options.purge ? 'The lab is stopped and removed.' : 'The lab is stopped; vigo lab up starts it again.')
    })
}

function show(nodes: readonly LabNodeStatus[], options: LabOptions): void {
  if (options.json) {
    printJson({ nodes })
    return
  }
  printTable(
    ['NODE', 'STATE', 'PID', 'NEIGHBOURS', 'ADDRESS', 'ROOT'],
    nodes.map(node => [
      node.name,
      node.state,
      node.pid === null ? '' : String(node.pid),
      node.peers.join(' '),
      node.addresses[0]?.split('/p2p/')[0] ?? '',
      node.root,
    ]),
    'The lab has no nodes.',
  )
}

async function runAs(lab: Lab, name: string, [program, ...args]: string[]): Promise<number> {
  if (program === undefined) throw new LabError('usage', 'say what to run: vigo lab exec <node> -- <command...>')
  const child = spawn(program, args, { stdio: 'inherit', env: lab.environment(lab.node(name)) })
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const onSignal = (): void => undefined
  process.on('SIGINT', onSignal)
  child.once('error', error => reject(new LabError('usage', `cannot run ${program}: ${error.message}`)))
  child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])))
  return promise
}

function countOption(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 0 || count > 64)
    throw new InvalidArgumentError('must be a whole number from 0 to 64')
  return count
}

function serversOption(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1 || count > 16)
    throw new InvalidArgumentError('must be a whole number from 1 to 16')
  return count
}

function signalOption(text: string): NodeJS.Signals {
  if (!(text in constants.signals)) throw new InvalidArgumentError('must be a signal such as SIGKILL or SIGTERM')
  return text as NodeJS.Signals
}
