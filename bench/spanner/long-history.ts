import { projectId, readRefUpdate } from '#gitback/project'
import { blobName, composeCommits, git, type NewCommit } from '#gitback/repo'
import { layout, sha256Hex, silentLogger, toHex } from '#node/kit'
import { readIdentity, readSettings, ServerSettings, startMember, swarmOf } from '#node/member'
import { signerFromSeed, signRecord } from '#swarm/record'
import { changed, type Tree } from './servers.ts'

const MAIN = 'refs/heads/main'

/** Puts commits on top of the stacks of a server that does not run, each with one file changed, said as its last publish said it. */
export async function growHistory(root: string, tree: Tree, commits: number): Promise<void> {
  const places = layout(root)
  const seed = await readIdentity(places.identityKey)
  const settings = await readSettings<ServerSettings>(places.serverYaml, ServerSettings)
  if (seed === null || settings === null) throw new Error(`there is no server in ${root}`)
  const signer = signerFromSeed(seed)
  const self = toHex(signer.publicKey)
  const fleetId = settings.fleet ?? self
  const project = projectId(fleetId, 'stacks')
  const member = await startMember({
    layout: places,
    fleetId,
    seed,
    hostname: settings.hostname,
    swarm: swarmOf({ relay: 'server', ...settings.swarm }, places.serverYaml),
    bootstrap: [],
    logger: silentLogger,
  })
  try {
    const signal = AbortSignal.timeout(600_000)
    const repository = await member.replicator.repository(project)
    const head = (await repository.ref(MAIN)) ?? ''
    const { stdout } = await git(repository.folder, ['log', '-1', '--format=%B', head])
    const made = commitsOn(tree, stdout.toString('utf8').trimEnd(), commits)
    await using composed = await composeCommits(repository, { parents: [head], commits: made, signal })
    await member.replicator.receive(project, [composed.tip], composed.pack(), { signal })
    const body = await member.replicator.draft(project, { ref: MAIN, to: composed.tip, signer: self })
    const record = await signRecord('ref-update', body, fleetId, signer)
    await member.replicator.submit(readRefUpdate(record), record, { signal })
  } finally {
    await member.close()
  }
}

function* commitsOn(tree: Tree, message: string, count: number): Generator<NewCommit> {
  const person = { name: 'bench', email: 'bench@localhost' }
  // By git's names, which the repository knows from its last publish: only what is new is hashed.
  const files = new Map<string, Uint8Array | string>()
  for (const [path, text] of tree) put(files, path, blobName(Buffer.from(text)))
  const names = [...tree.keys()].filter(path => path !== 'envoys.vgo')
  for (let number = 1; number <= count; number++) {
    const at = (number * 7) % names.length
    const path = names[at] ?? ''
    const bytes = Buffer.from(changed(tree, `commit ${number}`, at + 1).get(path) ?? '')
    put(files, path, bytes)
    const release = sha256Hex(`release ${number}`)
    const now = Date.now()
    yield {
      author: person,
      committer: person,
      authoredAt: now,
      committedAt: now,
      message: message.replace(/"release":"[0-9a-f]{64}"/, `"release":"${release}"`),
      files,
    }
    put(files, path, blobName(bytes))
  }
}

function put(files: Map<string, Uint8Array | string>, path: string, content: Uint8Array | string): void {
  for (const part of ['live', 'stacks']) files.set(`${part}/${path}`, content)
}
