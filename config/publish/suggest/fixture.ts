import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Diagnostic, SourceFile } from '#config/lang'
import type { AiSettings } from './settings.ts'
import { type Suggestion, type SuggestRequest, suggestFix } from './suggest-fix.ts'

export const FILE: SourceFile = { path: 'configcrates/db.vgo', text: 'name: db\ntype: fille\npassword: hunter2\n' }
export const ERROR: Diagnostic = {
  code: 'unknown-type',
  severity: 'error',
  span: { file: FILE, start: 15, end: 20 },
  message: "the resource type 'fille' is not known; hunter2 is secret",
  hint: "did you mean 'file'?",
  related: [],
}
export const KEY = 'sk-0123456789'

interface Asked {
  readonly url: string | undefined
  readonly authorization: string | undefined
  readonly body: {
    readonly model: string
    readonly stream: boolean
    readonly messages: { role: string; content: string }[]
  }
}

/** A server that speaks the protocol, as far as `answer` lets it. */
export async function withServer<T>(
  answer: (response: ServerResponse, request: IncomingMessage) => void,
  work: (settings: AiSettings, asked: Asked[]) => Promise<T>,
): Promise<T> {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString())
      asked.push({ url: request.url, authorization: request.headers.authorization, body })
      answer(response, request)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  try {
    return await work({ enabled: true, baseUrl: `http://127.0.0.1:${port}/v1`, model: 'small', apiKey: KEY }, asked)
  } finally {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  }
}

export const event = (content: string, finish: string | null = null): string =>
  `data: ${JSON.stringify({ choices: [{ delta: { content }, finish_reason: finish }] })}\n\n`

export function stream(response: ServerResponse, texts: readonly string[], end = 'data: [DONE]\n\n'): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const text of texts) response.write(event(text))
  response.end(end)
}

export const ask = (settings: AiSettings, request: Partial<SuggestRequest> = {}): Promise<Suggestion> =>
  suggestFix({ settings, file: FILE, diagnostics: [ERROR], ...request })
