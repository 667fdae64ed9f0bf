import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { SourceFile } from '#config/lang'
import { fixFile } from '#config/lint'
import { publish as publishTree, treeChecker } from '#config/publish'
import { KEPT_RELEASES, LARGE_TREE, Releases, releasePlaces, sampleTree } from '#config/store'
import { run } from '../harness/command.ts'
import { cpuSecondsOf } from '../harness/cpu.ts'
import { NO_BUILD, PROGRAMS, type Program } from '../harness/programs.ts'
import { secondsLine } from '../harness/seconds-line.ts'
import type { Line, Row, RowContext } from '../harness/types.ts'

const COLD_BUDGET = 3
const CHANGE_BUDGET = 0.5

/** In seconds. */
interface Round {
  readonly cold: number
  readonly second: number
  readonly later: number
}

export const publish: Row = {
  name: 'publish',
  summary:
    '`vigocli config publish` of 1,000 configcrates, 10,000 resources and 1,000 entries: the first time, and after a change of one file: the second time, later, and by one process; the build, and from source',
  async run(context) {
    const files = sampleTree(LARGE_TREE).map(file => fixFile(file).file)
    const lines = []
    for (const program of ['build', 'source'] as const) lines.push(...(await commands(context, program, files)))
    return [...lines, await sameProcess(context, files)]
  },
}

async function commands(context: RowContext, program: Program, files: readonly SourceFile[]): Promise<Line[]> {
  const vigocli = fileURLToPath(new URL('vigocli', PROGRAMS[program]))
  if (!existsSync(vigocli)) return [{ row: `publish (${program})`, skipped: NO_BUILD }]
  const old = await newHome(context, `${program}-old`, files)
  await publishOften(old)
  const rounds: Round[] = []
  for (let round = 0; round <= context.pairs; round++) {
    const fresh = await newHome(context, `${program}-${round}`, files)
    const cpu: number[] = []
    const command = async ({ home, stacks }: Home): Promise<number> => {
      await change(stacks, `${program} ${cpu.length} ${round}`)
      const cpuBefore = await cpuSecondsOf('children')
      const { ms, stdout } = await run(context.scope, vigocli, ['config', 'publish', '--home', home])
      if (!stdout.startsWith('Published:')) throw new Error(`publish said: ${stdout.slice(0, 200)}`)
      cpu.push((await cpuSecondsOf('children')) - cpuBefore)
      return ms / 1000
    }
    const cold = await command(fresh)
    const second = await command(fresh)
    const later = await command(old)
    context.say(`${program}: ${inSeconds([cold, second, later])}; of processors: ${inSeconds(cpu)}`)
    if (round > 0) rounds.push({ cold, second, later })
  }
  // What is installed is the build; a checkout is for who works on it.
  const line = (row: string, of: (round: Round) => number, budget: number, note: string): Line =>
    secondsLine(`publish, ${row} (${program})`, rounds.map(of), program === 'build' ? budget : null, note)
  return [
    line(
      'cold',
      ({ cold }) => cold,
      COLD_BUDGET,
      'the command, from its start to its end; nothing live, sources formatted',
    ),
    line(
      'one file, second time',
      ({ second }) => second,
      CHANGE_BUDGET,
      'the command again, with what the first one remembered',
    ),
    line('one file', ({ later }) => later, CHANGE_BUDGET, 'the command where as many releases are kept as ever are'),
  ]
}

async function sameProcess(context: RowContext, files: readonly SourceFile[]): Promise<Line> {
  const rounds: number[] = []
  for (let round = 0; round <= context.pairs; round++) {
    const seconds = await publishTwice(await newHome(context, `process-${round}`, files), round)
    context.say(`the same process: ${inSeconds([seconds])}`)
    if (round > 0) rounds.push(seconds)
  }
  const note = 'the second time, by a process that published before, as a server does'
  return secondsLine('publish, one file, same process', rounds, CHANGE_BUDGET, note)
}

interface Home {
  readonly home: string
  readonly stacks: string
}

/** A place of its own for each round: where thousands of files were deleted a minute ago, ext4 takes a second to make as many. */
async function newHome(context: RowContext, name: string, files: readonly SourceFile[]): Promise<Home> {
  const home = context.scope.path(`publish-${name}`)
  const stacks = join(home, 'stacks')
  await writeFiles(stacks, files)
  return { home, stacks }
}

function inSeconds(all: readonly number[]): string {
  return all.map(seconds => `${seconds.toFixed(2)} s`).join(', ')
}

async function writeFiles(folder: string, files: readonly SourceFile[]): Promise<void> {
  for (const file of files) {
    const path = join(folder, file.path)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, file.text)
  }
}

/** Until a publish drops a release. */
async function publishOften({ home, stacks }: Home): Promise<void> {
  const options = { releases: new Releases({ places: releasePlaces(home) }), checker: treeChecker(), author: 'bench' }
  for (let release = 0; release <= KEPT_RELEASES; release++) {
    await change(stacks, `release ${release}`)
    await publishTree(options)
  }
}

/** Of the second publish, by which the checker has read the tree. */
async function publishTwice({ home, stacks }: Home, round: number): Promise<number> {
  const options = { releases: new Releases({ places: releasePlaces(home) }), checker: treeChecker(), author: 'bench' }
  await change(stacks, `${round} first`)
  await publishTree(options)
  await change(stacks, `${round} second`)
  const startedAt = performance.now()
  const { outcome } = await publishTree(options)
  if (outcome !== 'published') throw new Error(`publish ended as ${outcome}`)
  return (performance.now() - startedAt) / 1000
}

/** One configcrate: the description, which is in the release. */
async function change(stacks: string, words: string): Promise<void> {
  const file = sampleTree(LARGE_TREE).find(({ path }) => path.endsWith('/crate-500.vgo'))
  if (file === undefined) throw new Error('the tree has no crate 500')
  const path = join(stacks, file.path)
  const text = await readFile(path, 'utf8')
  await writeFile(
    path,
    `${text.replace(/^description: .*\n/m, '').replace(/^(name: .*\n)/m, `$1description: ${words}\n`)}`,
  )
}
