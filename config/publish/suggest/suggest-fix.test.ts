import { describe, expect, test } from 'vitest'
import type { Diagnostic } from '#config/lang'
import { ask, ERROR, event, FILE, KEY, stream, withServer } from './fixture.ts'
import { filesToAskAbout } from './suggest-fix.ts'

const FIXED = 'name: db\ntype: file\npassword: REDACTED_1\n'

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
