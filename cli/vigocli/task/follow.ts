import { paint, print } from '#cli/shell'
import { type ApiClient, serverRoutes, type TaskHost, type TaskProgress, type TaskRow } from '#node/api'
import { isAbort } from '#node/kit'
import { stateWord } from '../words.ts'
import { hostsWords } from './history.ts'
import { PrefixedLines } from './prefixed.ts'

/** How long a task has to end after it was cancelled. */
const CANCEL_MS = 30_000

/**
 * Shows a task until it ends. When the signal fires the server is asked to cancel it, and what still comes is shown; the rejection is
 * the signal's then, after the task ended.
 */
export async function follow(
  client: ApiClient,
  task: TaskRow,
  options: { signal: AbortSignal; isQuiet: boolean },
): Promise<TaskRow> {
  const { signal, isQuiet } = options
  const show = isQuiet ? () => undefined : display(task)
  const patience = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const cancel = (): void => {
    process.stderr.write('cancelling on all hosts; once more to leave it to them\n')
    timer = setTimeout(() => patience.abort(signal.reason), CANCEL_MS)
    client.call(serverRoutes.cancelTask, { task: task.id }).catch((error: unknown) => patience.abort(error))
  }
  if (signal.aborted) cancel()
  else signal.addEventListener('abort', cancel, { once: true })
  try {
    const row = await client.call(
      serverRoutes.taskOutput,
      { task: task.id },
      { onEvent: show, signal: patience.signal },
    )
    signal.throwIfAborted()
    return row
  } catch (error) {
    if (signal.aborted && !isAbort(error)) throw signal.reason
    throw error
  } finally {
    signal.removeEventListener('abort', cancel)
    clearTimeout(timer)
  }
}

function display(task: TaskRow): (event: TaskProgress) => void {
  const width = Math.min(32, Math.max(...task.hosts.map(({ hostname }) => hostname.length), 1))
  const prefix = (hostname: string): string => paint('cyan', `${hostname.padEnd(width)} |`)
  const lines = new PrefixedLines((line, stream, hostname) =>
    print(`${prefix(hostname)} ${stream === 'stderr' ? paint('red', line) : line}`),
  )
  let batch = 0
  return event => {
    switch (event.type) {
      case 'output':
        return lines.add(event)
      case 'host':
        if (!isDone(event.host)) return
        lines.end(event.host.peer)
        return print(`${prefix(event.host.hostname)} ${ending(event.host)}`)
      case 'gap':
        return print(paint('dim', `(${event.pieces} pieces of output were too many to show)`))
      case 'task':
        if (event.task.state !== 'running') lines.end()
        if (event.task.batches > 1 && event.task.batch > batch) {
          batch = event.task.batch
          print(paint('bold', `batch ${batch} of ${event.task.batches}`))
        }
    }
  }
}

function isDone({ state }: TaskHost): boolean {
  return state !== 'waiting' && state !== 'running'
}

function ending({ state, exitCode, problem }: TaskHost): string {
  const code = state === 'failed' && exitCode !== null ? ` with exit code ${exitCode}` : ''
  return `${stateWord(state)}${code}${problem === '' ? '' : `: ${problem}`}`
}

/** How it ended, in a sentence. */
export function summary(row: TaskRow): string {
  const reason = row.reason === '' ? '' : `: ${row.reason}`
  return `Task ${row.id} ${stateWord(row.state)}${reason}. Hosts: ${hostsWords(row)}.`
}
