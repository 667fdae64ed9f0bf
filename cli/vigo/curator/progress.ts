import cliProgress from 'cli-progress'
import { InvalidArgumentError } from 'commander'
import { formatDuration, formatSize } from '#node/kit'

const MODES = ['auto', 'bar', 'json', 'none'] as const

export type ProgressMode = (typeof MODES)[number]

export function progressOption(text: string): ProgressMode {
  const mode = MODES.find(candidate => candidate === text)
  if (mode === undefined) throw new InvalidArgumentError(`must be one of ${MODES.join(', ')}`)
  return mode
}

export interface Moment {
  readonly phase: string
  readonly bytesDone: number
  readonly bytesTotal: number
  readonly bytesPerSecond: number
  readonly secondsLeft: number | null
  /** For people: `2 sources`, or what is waited for. */
  readonly note: string
  /** For programs: everything that is known. */
  readonly json: object
}

export interface ProgressDisplay {
  update(moment: Moment): void
  stop(): void
}

/** A bar on a terminal, JSON lines on standard error for programs, or nothing. */
export function showProgress(mode: ProgressMode): ProgressDisplay {
  if (mode === 'json') {
    return { update: moment => process.stderr.write(`${JSON.stringify(moment.json)}\n`), stop: () => undefined }
  }
  if (mode === 'none' || (mode === 'auto' && !process.stderr.isTTY)) {
    return { update: () => undefined, stop: () => undefined }
  }
  const bar = new cliProgress.SingleBar({
    stream: process.stderr,
    format: '{phase} [{bar}] {percentage}% {done}/{size} {rate} {left} {note}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
    gracefulExit: false,
    noTTYOutput: mode === 'bar',
  })
  let started = false
  return {
    update: moment => {
      const payload = {
        phase: moment.phase.padEnd(9),
        done: formatSize(moment.bytesDone),
        size: formatSize(moment.bytesTotal),
        rate: `${formatSize(moment.bytesPerSecond)}/s`,
        left: moment.secondsLeft === null ? '' : `${formatDuration(moment.secondsLeft * 1000)} left`,
        note: moment.note,
      }
      if (!started) bar.start(Math.max(1, moment.bytesTotal), moment.bytesDone, payload)
      started = true
      bar.update(moment.bytesDone, payload)
    },
    stop: () => {
      if (started) bar.stop()
    },
  }
}
