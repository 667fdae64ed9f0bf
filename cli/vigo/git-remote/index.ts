import { createInterface } from 'node:readline'
import type { Duplex } from 'node:stream'
import type { Command } from 'commander'
import { interruptSignal } from '#cli/shell'
import type { ProjectDetails } from '#node/api'
import { messageOf, VigoError } from '#node/kit'
import { ownPuddle } from '../client.ts'
import { requirePuddle } from '../curator/publish.ts'
import { findProject, withProjects } from '../gitback/project-client.ts'
import { pushRefs, type RefPush } from '../gitback/push-refs.ts'

/**
 * `git-remote-gitback`, which git starts for `gitback://…` addresses and talks to in lines (gitremote-helpers): fetching connects to
 * upload-pack of this machine's agent, pushing sends objects and signed updates to it. Nothing goes to another machine from here.
 */
export function addGitRemote(program: Command): void {
  program
    .command('git-remote-gitback <remote> [url]', { hidden: true })
    .description('what git runs for gitback:// addresses')
    .action((remote: string, url: string | undefined, _options: object, command: Command) =>
      serve(command, url ?? remote),
    )
}

async function serve(command: Command, url: string): Promise<void> {
  const reference = referenceOf(url)
  const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })
  const commands = lines[Symbol.asyncIterator]()
  const pushes: RefPush[] = []
  for (;;) {
    const { value, done } = await commands.next()
    if (done === true) return
    const line = value
    if (line === '') {
      if (pushes.length === 0) return
      await push(command, reference, pushes.splice(0))
    } else if (line === 'capabilities') answer('connect', 'push', 'option', '')
    else if (line.startsWith('option ')) answer(line.startsWith('option verbosity ') ? 'ok' : 'unsupported')
    else if (line.startsWith('list')) answer(...(await list(command, reference)), '')
    else if (line === 'connect git-upload-pack') {
      lines.close()
      return connect(command, reference)
    } else if (line.startsWith('connect ')) answer('fallback')
    else if (line.startsWith('push ')) pushes.push(pushOf(line))
    else throw new VigoError('usage', `git asks for '${line.slice(0, 60)}', which is not known here`)
  }
}

function answer(...lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** `gitback://<puddle>/<handle>` to `<puddle>/<handle>`. */
export function referenceOf(url: string): string {
  const reference = url.replace(/^gitback:(?:\/\/)?/, '').replace(/\/+$/, '')
  if (!/^[^/]+(?:\/[^/]+)?$/.test(reference)) {
    throw new VigoError(
      'usage',
      `'${url.slice(0, 200)}' is no address of a project; write gitback://<puddle name>/<handle>`,
    )
  }
  return reference
}

function pushOf(line: string): RefPush {
  const spec = line.slice('push '.length).replace(/^\+/, '')
  const at = spec.indexOf(':')
  return { from: spec.slice(0, at), to: spec.slice(at + 1) }
}

async function list(command: Command, reference: string): Promise<string[]> {
  const { refs } = await withProjects(command, client => findProject(command, client, reference))
  const lines = refs.flatMap(({ ref, commit }) => (commit === null ? [] : [`${commit} ${ref}`]))
  const main = refs.find(({ ref, commit }) => commit !== null && /^refs\/heads\/(?:main|master)$/.test(ref))
  return main === undefined ? lines : [`@${main.ref} HEAD`, ...lines]
}

async function push(command: Command, reference: string, pushes: readonly RefPush[]): Promise<void> {
  const signal = interruptSignal()
  const puddle = await requirePuddle(command)
  await withProjects(command, async client => {
    const project: ProjectDetails = await findProject(command, client, reference)
    const results = await pushRefs({ client, puddle }, project, pushes, { signal }).catch((error: unknown) =>
      pushes.map(({ to }) => ({ to, problem: messageOf(error) })),
    )
    answer(...results.map(({ to, problem }) => (problem === '' ? `ok ${to}` : `error ${to} ${oneLine(problem)}`)), '')
  })
}

async function connect(command: Command, reference: string): Promise<void> {
  const puddle = (await ownPuddle(command)) ?? ''
  await withProjects(command, async client => {
    const stream = await client.openStream('/v1/gitback/upload-pack', { project: reference, puddle })
    answer('')
    await bridge(stream)
  })
}

async function bridge(stream: Duplex): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  stream.once('error', reject)
  stream.once('close', resolve)
  stream.once('end', resolve)
  process.stdin.pipe(stream)
  process.stdin.resume()
  stream.pipe(process.stdout)
  await promise
  process.stdin.destroy()
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ')
}
