import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { layoutOf } from '#cli/shell'
import type { ApiClient, RemoteServer } from '#node/api'
import { codeOf, messageOf } from '#node/kit'
import { ConnectionError } from './errors.ts'

/** Options of every command, which say where the server is. */
export interface ServerOptions {
  server?: string
  tokenFile?: string
  ca?: string
  fingerprint?: string
}

export function addServerOptions(program: Command): void {
  program
    .option('--server <url>', 'the server to talk to (VIGO_SERVER; default: that of this machine, over its socket)')
    .option('--token-file <file>', 'file with the API token (VIGO_TOKEN_FILE; default: ~/.config/vigo/token)')
    .option('--ca <file>', 'PEM file of the authority, or of the server’s own certificate (VIGO_CA)')
    .option('--fingerprint <sha256>', 'trust the server with this certificate (VIGO_FINGERPRINT)')
}

/** Whether a server was named; otherwise it is the one of this machine. */
export function isRemote(command: Command): boolean {
  return serverUrl(command) !== ''
}

/** @throws ConnectionError, and what `use` throws */
export async function withServer<T>(command: Command, use: (client: ApiClient) => Promise<T>): Promise<T> {
  const client = await connect(command)
  try {
    return await use(client)
  } finally {
    client.close()
  }
}

async function connect(command: Command): Promise<ApiClient> {
  const { ApiClient: Client } = await import('#node/api')
  const text = serverUrl(command)
  if (text === '') return new Client(layoutOf(command).socket('vigosrv'), 'vigosrv')
  return new Client(await remoteServer(text, command.optsWithGlobals<ServerOptions>()), `the server ${text}`)
}

function serverUrl(command: Command): string {
  return command.optsWithGlobals<ServerOptions>().server ?? process.env['VIGO_SERVER'] ?? ''
}

async function remoteServer(text: string, options: ServerOptions): Promise<RemoteServer> {
  const { env } = process
  const url = URL.parse(text.includes('://') ? text : `https://${text}`)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new ConnectionError(
      'usage',
      `'${text}' is no address of a server; write for example https://vigo.example.com:8443`,
    )
  }
  if (url.protocol === 'http:' && !/^(?:localhost|127\..*|\[::1\])$/.test(url.hostname)) {
    throw new ConnectionError('usage', `${text} would send the token in the clear; use https://`)
  }
  const ca = options.ca ?? env['VIGO_CA']
  const fingerprint = (options.fingerprint ?? env['VIGO_FINGERPRINT'])?.replaceAll(':', '').toLowerCase()
  if (fingerprint !== undefined && !/^[0-9a-f]{64}$/.test(fingerprint)) {
    throw new ConnectionError('usage', 'a fingerprint is 64 hex digits; on the server: vigocli server certificate')
  }
  return {
    url,
    token: await readToken(options.tokenFile ?? env['VIGO_TOKEN_FILE']),
    ...(ca === undefined ? {} : { ca: await readText(ca, '--ca') }),
    ...(fingerprint === undefined ? {} : { fingerprint }),
  }
}

async function readToken(file: string | undefined): Promise<string> {
  const path = file ?? join(homedir(), '.config/vigo/token')
  const text = await readText(path, '--token-file').catch((error: unknown) => {
    if (file !== undefined || codeOf((error as Error).cause) !== 'ENOENT') throw error
    throw new ConnectionError(
      'no-token',
      `there is no API token in ${path}; put one there (on the server: vigocli token create <name>), or name its file with --token-file`,
    )
  })
  const token = text.trim()
  if (/^vgot_[A-Za-z0-9_-]{43}$/.test(token)) return token
  throw new ConnectionError('usage', `${path} has no API token; a token begins with vgot_`)
}

async function readText(path: string, option: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new ConnectionError('usage', `${option}: ${path} cannot be read: ${messageOf(error)}`, { cause: error })
  }
}
