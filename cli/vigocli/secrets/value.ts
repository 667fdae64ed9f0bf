import { readPassphrase } from '#cli/shell'
import { MAX_VALUE_BYTES, SecretsError } from '#config/secrets'

/**
 * The value of a secret: what is piped in, without its last line break, or what is typed, unseen and twice. Never an argument, which
 * everybody on the machine could read.
 */
export async function readValue(path: string, signal: AbortSignal): Promise<string> {
  if (process.stdin.isTTY) {
    return await readPassphrase({ prompt: `Value of ${path}`, confirm: true, ignoreEnvironment: true })
  }
  const parts: Buffer[] = []
  let sizeBytes = 0
  for await (const part of process.stdin as AsyncIterable<Buffer>) {
    signal.throwIfAborted()
    parts.push(part)
    sizeBytes += part.byteLength
    if (sizeBytes > MAX_VALUE_BYTES + 2) break
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(parts))
    return text.replace(/\r?\n$/, '')
  } catch (error) {
    throw new SecretsError('bad-secret-value', 'the value is not UTF-8 text; encode it, for example with base64', {
      cause: error,
    })
  }
}
