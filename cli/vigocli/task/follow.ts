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
  const display = isQuiet ? null : new Display(task)
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
      { onEvent: event => display?.show(event), signal: patience.signal },
    )
    display?.finish(row)
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

/** Prints what comes, and at the end what came before anybody was looking. */
class Display {
  readonly #width: number
  readonly #lines: PrefixedLines
  /** Hosts of which output was shown, and of which the end was. */
  readonly #heard = new Set<string>()
  readonly #ended = new Set<string>()
  #batch = 0

  constructor({ hosts }: TaskRow) {
    this.#width = Math.min(32, Math.max(...hosts.map(({ hostname }) => hostname.length), 1))
    this.#lines = new PrefixedLines((line, stream, hostname) =>
      print(`${this.#prefix(hostname)} ${stream === 'stderr' ? paint('red', line) : line}`),
    )
  }

  show(event: TaskProgress): void {
    switch (event.type) {
      case 'output':
        this.#heard.add(event.peer)
        this.#lines.add(event)
        break
      case 'host':
        if (isDone(event.host)) this.#end(event.host)
        break
      case 'gap':
        print(paint('dim', `(${event.pieces} pieces of output were too many to show)`))
        break
      case 'task':
        this.#announce(event.task)
    }
  }

  finish({ hosts }: TaskRow): void {
    for (const host of hosts) {
      const { peer, hostname, output } = host
      if (!this.#heard.has(peer) && output !== '') this.#lines.add({ peer, hostname, stream: 'stdout', text: output })
      if (host.state !== 'skipped') this.#end(host)
    }
    this.#lines.end()
  }

  #announce({ batch, batches }: TaskRow): void {
    if (batches < 2 || batch <= this.#batch) return
    this.#batch = batch
    print(paint('bold', `batch ${batch} of ${batches}`))
  }

  #end(host: TaskHost): void {
    if (this.#ended.has(host.peer)) return
    this.#ended.add(host.peer)
    this.#lines.end(host.peer)
    print(`${this.#prefix(host.hostname)} ${ending(host)}`)
  }

  #prefix(hostname: string): string {
    return paint('cyan', `${hostname.padEnd(this.#width)} |`)
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
