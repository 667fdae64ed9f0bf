import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { layoutOf } from '#cli/shell'
import { ApiClient } from '#node/api'
import { isHex } from '#node/kit'

export async function withAgent<T>(
  command: Command,
  use: (client: ApiClient) => Promise<T>,
  socket: 'agent' | 'curator' = 'agent',
): Promise<T> {
  const client = new ApiClient(layoutOf(command).socket(socket), 'the vigo agent of this machine')
  try {
    return await use(client)
  } finally {
    client.close()
  }
}

/** The calling user's puddle key in hex, or null without one. Reading it needs no passphrase. */
export async function ownPuddle(command: Command): Promise<string | null> {
  const text = await readFile(join(layoutOf(command).puddle, 'identity.pub'), 'utf8').catch(() => '')
  const key = text.trim()
  return isHex(key, 32) ? key : null
}
