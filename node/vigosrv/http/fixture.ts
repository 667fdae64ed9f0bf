import { request as httpRequest, type OutgoingHttpHeaders } from 'node:http'
import { request as tlsRequest } from 'node:https'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** One request as it is written here: path and headers are not corrected. */
export function ask(
  origin: string,
  options: {
    readonly method?: string
    readonly path?: string
    readonly headers?: OutgoingHttpHeaders
    readonly body?: string
  } = {},
): Promise<Answer> {
  const { protocol, hostname, port } = new URL(origin)
  const { method = 'GET', path = '/', headers = {}, body } = options
  const open = protocol === 'https:' ? tlsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const call = open({ hostname, port, method, path, headers, rejectUnauthorized: false, agent: false }, response => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => (text += part))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
      response.on('error', reject)
    })
    call.on('error', reject)
    call.end(body)
  })
}

/** The error of an answer, after checking that it has the form of one. @throws Error when it has not */
export function errorIn({ status, text }: Answer): { code: string; message: string } {
  const body: unknown = JSON.parse(text)
  const isError =
    status >= 400 &&
    typeof body === 'object' &&
    body !== null &&
    'code' in body &&
    'message' in body &&
    typeof body.code === 'string' &&
    typeof body.message === 'string' &&
    body.message !== '' &&
    Object.keys(body).every(key => ['code', 'message', 'details'].includes(key))
  if (!isError) throw new Error(`${status} ${text} is not the form of an error`)
  return body as { code: string; message: string }
}
