import { readFile } from 'node:fs/promises'
import { emitKeypressEvents, type Key } from 'node:readline'
import { messageOf, VigoError } from '#node/kit'
import { interruptSignal } from './program.ts'

const MAX_BYTES = 4096

export class PassphraseError extends VigoError<'usage'> {}

/**
 * A passphrase from `--passphrase-file`, from the file that the environment variable names, or from a hidden prompt.
 * @throws PassphraseError without a terminal to ask on
 */
export async function readPassphrase(options: {
  file?: string | undefined
  prompt: string
  confirm?: boolean
  ignoreEnvironment?: boolean
}): Promise<string> {
  const fromEnvironment = options.ignoreEnvironment ? undefined : process.env['VIGO_PUDDLE_PASSPHRASE_FILE']
  const file = options.file ?? fromEnvironment
  if (file !== undefined) {
    const text = (await readFile(file, 'utf8').catch(unreadable)).slice(0, MAX_BYTES)
    const [line = ''] = text.split(/\r?\n/)
    return line
  }
  if (!process.stdin.isTTY) {
    throw new PassphraseError(
      'usage',
      'there is no terminal to ask for the passphrase; use --passphrase-file or VIGO_PUDDLE_PASSPHRASE_FILE',
    )
  }
  const passphrase = await ask(`${options.prompt}: `)
  if (options.confirm && (await ask('Once more: ')) !== passphrase) {
    throw new PassphraseError('usage', 'the two passphrases differ; nothing was changed')
  }
  return passphrase
}

function unreadable(error: unknown): never {
  throw new PassphraseError('usage', `the passphrase file cannot be read: ${messageOf(error)}`)
}

/** Asks on the terminal without showing what is typed. */
function ask(prompt: string): Promise<string> {
  const { stdin, stderr } = process
  stderr.write(prompt)
  emitKeypressEvents(stdin)
  stdin.setRawMode(true)
  stdin.resume()
  return new Promise((resolve, reject) => {
    let typed = ''
    const finish = (): void => {
      stdin.off('keypress', onKey)
      stdin.setRawMode(false)
      stdin.pause()
      stderr.write('\n')
    }
    const onKey = (text: string | undefined, key: Key): void => {
      if (key.ctrl && key.name === 'c') {
        finish()
        interruptSignal()
        process.emit('SIGINT')
        reject(new DOMException('interrupted', 'AbortError'))
      } else if (key.name === 'return' || key.name === 'enter') {
        finish()
        resolve(typed)
      } else if (key.name === 'backspace') typed = typed.slice(0, -1)
      else if (text !== undefined && !key.ctrl && typed.length < MAX_BYTES) typed += text
    }
    stdin.on('keypress', onKey)
  })
}
