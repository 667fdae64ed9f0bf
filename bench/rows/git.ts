import { Lab } from '#cli/lab'
import { peakDuring, residentBytes } from '../harness/lab.ts'
import { missing } from '../harness/requirements.ts'
import { interleaved, median, percentile } from '../harness/statistics.ts'
import { type Line, MiB, type Row, type RowContext } from '../harness/types.ts'
import { ByHand } from '../spanner/by-hand.ts'
import { growHistory } from '../spanner/long-history.ts'
import { BenchServer, changed, treeOf } from '../spanner/servers.ts'

const FILES = 10_000
const COMMITS = 2_000
/** Of one pair: each is a publish on one server to four others. */
const PUBLISHES = 10

export const git: Row = {
  name: 'git',
  summary:
    'a release of 10,000 files with one changed, from its publish on one server to live on another, against git push, fetch and checkout; to four others; a server that joins after 2,000 commits',
  async run(context) {
    const absent = missing('git', { programs: ['git'] })
    if (absent !== null) return [absent]
    return [...(await toOneOther(context)), ...(await toFourOthers(context)), ...(await joining(context))]
  },
}

async function toOneOther(context: RowContext): Promise<Line[]> {
  const tree = treeOf(FILES)
  const hand = await ByHand.open(context.scope, tree)
  return await withServers(context, 2, async ([one, two]) => {
    await two.follows(await one.publish(tree))
    const cpu: { ours: number; baseline: number }[] = []
    let round = 0
    const noted = { ours: 0, baseline: 0 }
    const { ours, baseline, ratio } = await interleaved(
      context.pairs,
      {
        ours: async () => {
          const next = changed(tree, `round ${++round}`)
          const before = (await one.cpuSeconds()) + (await two.cpuSeconds())
          const startedAt = performance.now()
          await two.follows(await one.publish(next))
          const wall = (performance.now() - startedAt) / 1000
          noted.ours = (await one.cpuSeconds()) + (await two.cpuSeconds()) - before
          return wall
        },
        baseline: async () => {
          const { wall, cpu: seconds } = await hand.publish(changed(tree, `by hand ${++round}`))
          noted.baseline = seconds
          return wall
        },
      },
      pair => {
        cpu.push({ ...noted })
        context.say(
          `${pair.ours.toFixed(2)} s against ${pair.baseline.toFixed(2)} s; of processors ${noted.ours.toFixed(2)} s against ${noted.baseline.toFixed(2)} s`,
        )
      },
    )
    const of = (side: 'ours' | 'baseline'): string => `${median(cpu.map(each => each[side])).toFixed(2)} s`
    return [
      {
        row: 'git',
        ours: { value: ours, unit: 's' },
        baseline: { value: baseline, unit: 's' },
        ratio,
        budget: '<= 1.5 x git push + fetch + checkout',
        ok: ratio <= 1.5,
        notes: [
          `from the upload of sources and release to the second server's live link; both servers check all ${FILES} files; processor time ${of('ours')} against ${of('baseline')}`,
        ],
      },
    ]
  })
}

async function toFourOthers(context: RowContext): Promise<Line[]> {
  const tree = treeOf(100)
  return await withServers(context, 5, async ([one, ...others]) => {
    const first = await one.publish(tree)
    for (const other of others) await other.follows(first)
    const delays: number[] = []
    for (let round = 0; round < context.pairs * PUBLISHES; round++) {
      const before = new Set(await Promise.all(others.map(other => other.live())))
      const startedAt = performance.now()
      const seen = others.map(async other => {
        for (;;) {
          const live = await other.live()
          if (live !== null && !before.has(live)) return (performance.now() - startedAt) / 1000
          await new Promise(resolve => setTimeout(resolve, 5))
        }
      })
      await one.publish(changed(tree, `round ${round}`))
      delays.push(...(await Promise.all(seen)))
    }
    context.say(
      `${delays.length} delays: ${[0, 0.5, 0.9, 0.99, 1].map(at => percentile(delays, at).toFixed(2)).join(', ')}`,
    )
    const line = (row: string, value: number): Line => ({
      row,
      ours: { value, unit: 's' },
      baseline: null,
      ratio: null,
      budget: 'none',
      ok: true,
      notes: [`100 files; ${delays.length} delays from the start of a publish to another server's live link`],
    })
    return [
      line('git: to four others, median', median(delays)),
      line('git: to four others, p99', percentile(delays, 0.99)),
    ]
  })
}

async function joining(context: RowContext): Promise<Line[]> {
  const tree = treeOf(FILES)
  return await withServers(context, 2, async ([one, two], lab) => {
    const idle = await residentBytes(two.pid)
    await lab.kill('server2', 'SIGTERM')
    await one.publish(tree)
    await lab.kill('server', 'SIGTERM')
    await growHistory(lab.node('server').root, tree, COMMITS)
    await lab.start('server')
    const release = await one.publish(changed(tree, 'the last'))
    const startedAt = performance.now()
    await lab.start('server2')
    const peak = await peakDuring(two.pid, two.follows(release))
    const seconds = (performance.now() - startedAt) / 1000
    context.say(`joined in ${seconds.toFixed(2)} s, ${((peak - idle) / MiB).toFixed(0)} MiB more than idle`)
    const notes = [`${COMMITS} commits, ${FILES} files; from the start of its process; once`]
    const shared = { baseline: null, ratio: null, budget: 'none', ok: true, notes }
    return [
      { row: 'git: joining', ours: { value: seconds, unit: 's' }, ...shared },
      { row: 'git: joining, memory', ours: { value: peak - idle, unit: 'bytes' }, ...shared },
    ]
  })
}

/** Servers in a lab of their own that share their configuration. */
async function withServers(
  context: RowContext,
  count: number,
  measure: (servers: [BenchServer, BenchServer, ...BenchServer[]], lab: Lab) => Promise<Line[]>,
): Promise<Line[]> {
  const { scope } = context
  const folder = scope.path(`lab-git-${performance.now().toFixed(0)}`)
  context.say(`starting ${count} servers`)
  const lab = await Lab.up(folder, { servers: count, envoys: 0 })
  let isDown = false
  const down = async (): Promise<void> => {
    if (!isDown) await lab.down({ purge: true })
    isDown = true
  }
  scope.defer(down)
  const names = ['server', ...Array.from({ length: count - 1 }, (_, at) => `server${at + 2}`)]
  const [one, two, ...others] = names.map(name => new BenchServer(lab, name))
  if (one === undefined || two === undefined) throw new Error('two servers are needed')
  const all: [BenchServer, BenchServer, ...BenchServer[]] = [one, two, ...others]
  try {
    await one.share()
    await Promise.all(all.map(server => server.knows(count)))
    return await measure(all, lab)
  } finally {
    for (const server of all) server.close()
    await down()
  }
}
