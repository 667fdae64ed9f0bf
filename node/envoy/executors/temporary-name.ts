import { randomBytes } from 'node:crypto'

const NAME = /^\.vigo-(\d{1,10})-([0-9a-f]{12})\.tmp$/

/** Names that this process has given out and not taken back. */
const inUse = new Set<string>()

/** A name for a file that exists only while something is done: `.vigo-<pid>-<random>.tmp`. Short, so that it fits wherever a name fits. */
export class TemporaryName implements Disposable {
  readonly text = `.vigo-${process.pid}-${randomBytes(6).toString('hex')}.tmp`

  constructor() {
    inUse.add(this.text)
  }

  [Symbol.dispose](): void {
    inUse.delete(this.text)
  }
}

/** Whether a name was given out by an agent that was killed before it could remove the file. */
export function isLeftover(name: string): boolean {
  const pid = NAME.exec(name)?.[1]
  if (pid === undefined || inUse.has(name)) return false
  return Number(pid) === process.pid || !isRunning(Number(pid))
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
