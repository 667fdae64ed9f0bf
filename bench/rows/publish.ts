import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { SourceFile } from '#config/lang'
import { fixFile } from '#config/lint'
import { publish as publishTree, treeChecker } from '#config/publish'
import { LARGE_TREE, Releases, releasePlaces, sampleTree } from '#config/store'
import { run } from '../harness/command.ts'
import { cpuSecondsOf } from '../harness/cpu.ts'
import { secondsLine } from '../harness/seconds-line.ts'
import type { Line, Row } from '../harness/types.ts'

const program = fileURLToPath(new URL('../../cli/bin/vigocli', import.meta.url))

/** In seconds. */
interface Round {
  readonly cold: number
  readonly again: number
  readonly warm: number
}

export const publish: Row = {
  name: 'publish',
  summary:
    '`vigocli config publish` of 1,000 configcrates, 10,000 resources and 1,000 entries: the first time, and after a change of one file by the same process and by a new one',
  async run(context) {
    const files = sampleTree(LARGE_TREE).map(file => fixFile(file).file)
    const rounds: Round[] = []
    for (let round = 0; round <= context.pairs; round++) {
      // Each in a place of its own: where thousands of files were deleted a minute ago, ext4 takes a second to make as many.
      const home = context.scope.path(`publish-${round}`)
      const stacks = join(home, 'stacks')
      await writeFiles(stacks, files)
      const cpu: number[] = []
      const command = async (): Promise<number> => {
        const cpuBefore = await cpuSecondsOf('children')
        const { ms, stdout } = await run(context.scope, program, ['config', 'publish', '--home', home])
        if (!stdout.startsWith('Published:')) throw new Error(`publish said: ${stdout.slice(0, 200)}`)
        cpu.push((await cpuSecondsOf('children')) - cpuBefore)
        return ms / 1000
      }
      const cold = await command()
      await change(stacks, `${round} again`)
      const again = await command()
      const warm = await publishTwice(home, stacks, round)
      const inSeconds = (all: readonly number[]) => all.map(seconds => `${seconds.toFixed(2)} s`).join(', ')
      context.say(`${inSeconds([cold, again, warm])}; of processors, the commands: ${inSeconds(cpu)}`)
      if (round > 0) rounds.push({ cold, again, warm })
    }
    const line = (row: string, of: (round: Round) => number, budget: number, note: string): Line =>
      secondsLine(row, rounds.map(of), budget, note)
    return [
      line(
        'publish, cold',
        each => each.cold,
        3,
        'the command, from its start to its end; nothing live, sources formatted',
      ),
      line('publish, one file', each => each.warm, 0.5, 'by a process that published before, as a server does'),
      line(
        'publish, one file, new process',
        each => each.again,
        0.5,
        'the command again, with what the first one remembered',
      ),
    ]
  },
}

async function writeFiles(folder: string, files: readonly SourceFile[]): Promise<void> {
  for (const file of files) {
    const path = join(folder, file.path)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, file.text)
  }
}

/** Of the second publish, by which the checker has read the tree. */
async function publishTwice(home: string, stacks: string, round: number): Promise<number> {
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
