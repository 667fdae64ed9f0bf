/** One line on standard error that says what is going on; on a terminal only. */
export interface StatusLine {
  show(text: string): void
  /** Takes it away, so that lasting output stands alone. */
  clear(): void
}

export function statusLine(stream: NodeJS.WriteStream = process.stderr): StatusLine {
  let isShown = false
  return {
    show: text => {
      if (!stream.isTTY) return
      const width = Math.max(20, (stream.columns ?? 80) - 1)
      stream.write(`\r\u001b[2K${text.length > width ? `${text.slice(0, width - 1)}…` : text}`)
      isShown = true
    },
    clear: () => {
      if (isShown) stream.write('\r\u001b[2K')
      isShown = false
    },
  }
}
