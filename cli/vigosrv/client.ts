import type { Command } from 'commander'
import { layoutOf } from '#cli/shell'
import { ApiClient } from '#node/api'

export async function withServer<T>(command: Command, use: (client: ApiClient) => Promise<T>): Promise<T> {
  const client = new ApiClient(layoutOf(command).socket('vigosrv'), 'vigosrv')
  try {
    return await use(client)
  } finally {
    client.close()
  }
}
