import { TaskGroup } from '#node/kit'
import type { FleetView } from '../fleet/types.ts'
import type { TasksView } from '../tasks/types.ts'
import type { ServerInstruments } from './instruments.ts'

/** More tasks than this do not run at a time, and none ends unseen behind so many. */
const LOOKED_AT = 100

/** Tasks that run, and those that ended since the start. Returns the unsubscriber. */
export function watchTasks(
  metrics: ServerInstruments,
  tasks: Pick<TasksView, 'list'>,
  fleet: Pick<FleetView, 'onEvent'>,
  startedAt: number,
): () => void {
  const group = new TaskGroup(() => undefined)
  const counted = new Set<string>()
  let isLooking = false
  const look = async (): Promise<void> => {
    const rows = await tasks.list({ limit: LOOKED_AT })
    metrics.tasksRunning.set(rows.filter(({ state }) => state === 'running').length)
    for (const { id, state, endedAt } of rows) {
      if (state === 'running' || endedAt === null || endedAt < startedAt || counted.has(id)) continue
      counted.add(id)
      metrics.tasks.inc({ state })
    }
    const there = new Set(rows.map(({ id }) => id))
    for (const id of counted) if (!there.has(id)) counted.delete(id)
  }
  metrics.instruments.collect(look)
  return fleet.onEvent(event => {
    if (event.type !== 'task' || isLooking) return
    isLooking = true
    group.run(() =>
      look().finally(() => {
        isLooking = false
      }),
    )
  })
}
