import { createInterface } from 'node:readline/promises'

/** Asks on the terminal; anything but `y` or `yes` is no. False at once where there is none to ask on. */
export async function confirm(question: string, signal: AbortSignal): Promise<boolean> {
  const { stdin, stderr } = process
  if (!stdin.isTTY || !stderr.isTTY) return false
  const terminal = createInterface({ input: stdin, output: stderr })
  try {
    return /^y(?:es)?$/i.test((await terminal.question(`${question} [y/N] `, { signal })).trim())
  } finally {
    terminal.close()
  }
}
