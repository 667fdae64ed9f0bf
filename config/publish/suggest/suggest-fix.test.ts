import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import type { Diagnostic, SourceFile } from '#config/lang'
import { type AiSettings, chatUrl } from './settings.ts'
import { filesToAskAbout, type Suggestion, type SuggestRequest, suggestFix } from './suggest-fix.ts'

const FILE: SourceFile = { path: 'configcrates/db.vgo', text: 'name: db\ntype: fille\npassword: hunter2\n' }
const ERROR: Diagnostic = {
  code: 'unknown-type',
  severity: 'error',
  span: { file: FILE, start: 15, end: 20 },
  message: "the resource type 'fille' is not known; hunter2 is secret",
  hint: "did you mean 'file'?",
  related: [],
}
const FIXED = 'name: db\ntype: file\npassword: REDACTED_1\n'
const KEY = 'sk-0123456789'

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
async function withServer<T>(
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

const event = (content: string, finish: string | null = null): string =>
  `data: ${JSON.stringify({ choices: [{ delta: { content }, finish_reason: finish }] })}\n\n`

function stream(response: ServerResponse, texts: readonly string[], end = 'data: [DONE]\n\n'): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const text of texts) response.write(event(text))
  response.end(end)
}

const ask = (settings: AiSettings, request: Partial<SuggestRequest> = {}): Promise<Suggestion> =>
  suggestFix({ settings, file: FILE, diagnostics: [ERROR], ...request })

const failure = (answer: (response: ServerResponse) => void, settings: Partial<AiSettings> = {}) =>
  withServer(
    answer,
    async found =>
      await ask({ ...found, ...settings }).then(
        () => 'no error',
        (error: unknown) => error,
      ),
  )

describe('a suggestion', () => {
  test('is streamed as words, and the file is given as text to lint and as a diff', async () => {
    const pieces = [
      'The type is mis',
      'spelt.\n``',
      '`yaml\nname: db\ntype: fi',
      'le\npassword: REDACTED_1\n```\nThat is all.',
    ]
    const said: string[] = []
    const suggestion = await withServer(
      response => stream(response, pieces),
      settings => ask(settings, { onText: text => said.push(text) }),
    )
    expect(said).toEqual(['The type is misspelt.\n', 'That is all.'])
    expect(suggestion.explanation).toBe('The type is misspelt.\nThat is all.')
    expect(suggestion.change?.file).toEqual({ path: FILE.path, text: FILE.text.replace('fille', 'file') })
    expect(suggestion.change?.diff).toBe(
      [
        '--- a/configcrates/db.vgo',
        '+++ b/configcrates/db.vgo',
        '@@ -1,3 +1,3 @@',
        ' name: db',
        '-type: fille',
        '+type: file',
        ' password: REDACTED_1',
        '',
      ].join('\n'),
    )
  })

  test('is asked for without secrets, with the errors, the model and the key', async () => {
    await withServer(
      response => stream(response, ['Nothing to say.']),
      async (settings, asked) => {
        await ask(settings)
        const [{ url, authorization, body } = { url: '', authorization: '', body: null }] = asked
        expect([url, authorization]).toEqual(['/v1/chat/completions', `Bearer ${KEY}`])
        expect(body).toMatchObject({ model: 'small', stream: true, messages: [{ role: 'system' }, { role: 'user' }] })
        const question = body?.messages[1]?.content ?? ''
        expect(question).toContain('type: fille\npassword: REDACTED_1\n')
        expect(question).toContain(
          "- configcrates/db.vgo:2:7: error: the resource type 'fille' is not known; REDACTED_1 is secret (did you mean 'file'?)",
        )
        expect(JSON.stringify(body)).not.toContain('hunter2')
        expect(JSON.stringify(body)).not.toContain(KEY)
      },
    )
  })

  test('needs no key, and takes an answer in one piece', async () => {
    const answer = { choices: [{ message: { content: `Here.\n\`\`\`yaml\n${FIXED}\`\`\`` }, finish_reason: 'stop' }] }
    await withServer(
      response => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer)),
      async (settings, asked) => {
        const suggestion = await ask({ ...settings, apiKey: undefined })
        expect(suggestion.change?.file.text).toContain('type: file\n')
        expect(asked[0]?.authorization).toBeUndefined()
      },
    )
  })

  test('ends with a finish reason where a server does not say that it is done', async () => {
    const suggestion = await withServer(
      response => stream(response, ['Fine.'], event('', 'stop')),
      settings => ask(settings),
    )
    expect(suggestion).toEqual({ explanation: 'Fine.', change: null })
  })

  test('is none when the model gives the file as it is', async () => {
    const suggestion = await withServer(
      response => stream(response, [`\`\`\`yaml\n${FIXED.replace('file', 'fille')}\`\`\`\n`]),
      settings => ask(settings),
    )
    expect(suggestion.change).toBeNull()
  })

  test('cannot write to the terminal what is no text', async () => {
    const suggestion = await withServer(
      response => stream(response, ['\u001b[2Jred\u202e\r\n```yaml\nx: \u001b]0;t\u0007\n```']),
      settings => ask(settings),
    )
    expect(suggestion.explanation).toBe('[2Jred')
    expect(suggestion.change?.diff).not.toMatch(/[^\P{Cc}\n\t]/u)
  })
})

describe('a server that does not answer as it should', () => {
  const json = (status: number, body: unknown) => (response: ServerResponse) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

  test.each([
    [
      401,
      { error: { message: `bad key ${KEY}\nreally` } },
      'refused',
      'the AI server refuses us; mend ai.api_key in server.yaml (401): bad key *** really',
    ],
    [
      404,
      { error: 'no such model' },
      'not-found',
      "the AI server has no such address or no model 'small'; mend ai.base_url or ai.model (404): no such model",
    ],
    [413, {}, 'too-large', 'the AI server finds the question too long; use a model with more context (413)'],
    [429, {}, 'busy', 'the AI server has too much to do; try again later (429)'],
    [500, 'x', 'failed', 'the AI server failed; try again, or look into its log (500)'],
  ])('with status %i', async (status, body, code, message) => {
    expect(await failure(json(status, body))).toMatchObject({ code, message })
  })

  test.each<[string, (response: ServerResponse) => void, string, string]>([
    [
      'ends in the middle',
      response => stream(response, ['Half of'], ''),
      'bad-answer',
      'the AI server ended in the middle of its answer; try again',
    ],
    [
      'sends no JSON',
      response => stream(response, [], 'data: {"choices\n\n'),
      'bad-answer',
      'the AI server sent something that is not JSON; see that ai.base_url speaks the OpenAI chat protocol',
    ],
    [
      'sends other JSON',
      response => stream(response, [], 'data: {"a":1}\n\n'),
      'bad-answer',
      'the AI server sent an answer without choices; see',
    ],
    [
      'sends a page',
      response => void response.end('<html>Welcome</html>'),
      'bad-answer',
      'the AI server ended in the middle of its answer; try again',
    ],
    [
      'gives up',
      response => stream(response, ['x'], 'data: {"error":{"message":"out of memory"}}\n\n'),
      'failed',
      'the AI server gave up: out of memory',
    ],
    [
      'has no more room',
      response => stream(response, ['x'], event('', 'length')),
      'too-large',
      'the answer of the AI server was cut off at its limit',
    ],
    [
      'redirects',
      response => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
      'unreachable',
      'cannot be reached',
    ],
    [
      'breaks off',
      response => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write(event('x'))
        setTimeout(() => response.destroy(), 20)
      },
      'unreachable',
      'cannot be reached',
    ],
  ])('that %s', async (_name, answer, code, message) => {
    expect(await failure(answer)).toMatchObject({ code, message: expect.stringContaining(message) })
  })

  test('that never begins, or never goes on', async () => {
    const timeouts = { idleMs: 100, timeoutMs: 20_000 }
    const silence = 'the AI server said nothing for 100ms; try again, or use a smaller model'
    expect(await failure(() => undefined, timeouts)).toMatchObject({ code: 'timeout', message: silence })
    expect(await failure(response => void response.writeHead(200).write(event('x')), timeouts)).toMatchObject({
      code: 'timeout',
      message: silence,
    })
  })

  test('that never ends', async () => {
    const drip = (response: ServerResponse): void => {
      const timer = setInterval(() => response.write(event('x')), 20)
      response.on('close', () => clearInterval(timer))
    }
    expect(await failure(drip, { timeoutMs: 300 })).toMatchObject({
      code: 'timeout',
      message: 'the AI server did not finish within 300ms; try again, or use a smaller model',
    })
    const flood = (response: ServerResponse): void => {
      const more = (): void => {
        while (response.write(event('x'.repeat(10_000))));
      }
      response.on('drain', more)
      more()
    }
    expect(await failure(flood)).toMatchObject({
      code: 'too-large',
      message: 'the AI server answered more than 4.0 MiB; use another model',
    })
  })

  test('that is not there', async () => {
    const error: unknown = await ask({ enabled: true, baseUrl: 'http://127.0.0.1:1', model: 'm' }).catch(
      (reason: unknown) => reason,
    )
    expect(error).toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/^the AI server at 127\.0\.0\.1:1 cannot be reached \(.+\); see ai\.base_url$/),
    })
  })

  test('is not waited for when the caller ends', async () => {
    const stop = new AbortController()
    const asking = withServer(
      () => stop.abort(new Error('enough')),
      settings => ask(settings, { signal: stop.signal }),
    )
    await expect(asking).rejects.toThrow('enough')
  })
})

describe('settings', () => {
  const settings: AiSettings = { enabled: true, baseUrl: 'https://ai.example', model: 'm', apiKey: KEY }

  test('name the server with or without the version', () => {
    for (const baseUrl of [
      'https://ai.example',
      'https://ai.example/',
      'https://ai.example/v1',
      'https://ai.example/v1/#x',
    ]) {
      expect(chatUrl({ ...settings, baseUrl }).href).toBe('https://ai.example/v1/chat/completions')
    }
    expect(chatUrl({ ...settings, baseUrl: 'https://h/api/openai' }).href).toBe(
      'https://h/api/openai/v1/chat/completions',
    )
    expect(chatUrl({ ...settings, baseUrl: 'http://localhost:11434' }).port).toBe('11434')
    expect(chatUrl({ ...settings, baseUrl: 'http://10.0.0.1', apiKey: undefined }).host).toBe('10.0.0.1')
  })

  test.each([
    [{ enabled: false }, 'disabled', 'suggestions are off; set ai.enabled, ai.base_url and ai.model in server.yaml'],
    [{ model: '' }, 'bad-settings', 'ai.model is empty; name a model that the server has'],
    [
      { baseUrl: 'ai.example' },
      'bad-settings',
      'ai.base_url is not an http or https address; write for example http://127.0.0.1:11434/v1',
    ],
    [{ baseUrl: 'file:///x' }, 'bad-settings', 'ai.base_url is not an http or https address'],
    [
      { baseUrl: 'https://u:p@h' },
      'bad-settings',
      'ai.base_url has a user or password in it; put the key into ai.api_key',
    ],
    [{ apiKey: 'a\nb' }, 'bad-settings', 'ai.api_key has blanks, line breaks or other characters that no key has'],
    [
      { baseUrl: 'http://ai.example' },
      'bad-settings',
      'ai.api_key would cross the network unencrypted; use https in ai.base_url',
    ],
  ])('that are wrong are refused: %j', (wrong, code, message) => {
    expect(() => chatUrl({ ...settings, ...wrong })).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    )
  })
})

test('only files of usual size are asked about', async () => {
  const file = { path: 'big.vgo', text: 'x'.repeat(65 * 1024) }
  await expect(ask({ enabled: true, baseUrl: 'http://127.0.0.1:1', model: 'm' }, { file })).rejects.toMatchObject({
    code: 'too-large',
    message: 'big.vgo has 65.0 KiB; suggestions are for files of at most 64.0 KiB',
  })
})

test('the files with the most errors are asked about first, those without text never', () => {
  const of = (path: string, text: string): Diagnostic => ({
    ...ERROR,
    span: { file: { path, text }, start: 0, end: 0 },
  })
  const b = of('b', 'x')
  const found = [of('a', 'x'), b, b, of('tree', ''), { ...of('c', 'x'), severity: 'warning' } as const, of('d', 'x')]
  expect(filesToAskAbout(found, 2).map(({ file, diagnostics }) => [file.path, diagnostics.length])).toEqual([
    ['b', 2],
    ['a', 1],
  ])
})
