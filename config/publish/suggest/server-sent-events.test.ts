import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AnswerParts } from './answer-parts.ts'
import { eventData } from './server-sent-events.ts'

async function dataOf(chunks: readonly Uint8Array[]): Promise<string[]> {
  async function* stream(): AsyncGenerator<Uint8Array> {
    yield* chunks
  }
  const data: string[] = []
  for await (const event of eventData(stream())) data.push(event)
  return data
}

/** Cuts at any places, also within characters. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...new Set(places.map(place => place % (bytes.length + 1)))].toSorted((a, b) => a - b)
  return [...ends, bytes.length].map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end))
}

describe('events', () => {
  test('have data of one line or more; comments and other fields are skipped, and what is not ended', async () => {
    const text = ': hello\n\nevent: x\nid: 1\ndata: one\n\ndata:two\r\ndata:  three\r\n\r\ndata: four\r\rdata: lost\n'
    expect(await dataOf([Buffer.from(text)])).toEqual(['one', 'two\n three', 'four'])
  })

  test('are the same however the stream is cut', async () => {
    const words = fc.stringMatching(/^[a-zé€😀 ]{0,8}$/u)
    const ending = fc.constantFrom('\n', '\r\n', '\r')
    await fc.assert(
      fc.asyncProperty(fc.array(words), ending, fc.array(fc.nat()), async (events, end, places) => {
        const bytes = Buffer.from(events.map(event => `data: ${event}${end}${end}`).join(''))
        expect(await dataOf(cut(bytes, places))).toEqual(events)
      }),
    )
  })

  test('do not grow without an end', async () => {
    await expect(dataOf(Array.from({ length: 10 }, () => Buffer.alloc(65_536, 'x')))).rejects.toMatchObject({
      code: 'bad-answer',
      message: 'the AI server sent a line without an end; see that ai.base_url is right',
    })
  })
})

describe('an answer', () => {
  test('is divided into words and code, however it is cut', () => {
    const answer = 'First ``` words\n```yaml\na: 1\n```\nmore\n```\nb: 2\n\n```\nend'
    fc.assert(
      fc.property(fc.array(fc.nat()), places => {
        const parts = new AnswerParts()
        const pieces = cut(Buffer.from(answer), places).map(piece => Buffer.from(piece).toString())
        const words = pieces.map(piece => parts.add(piece)).join('') + parts.end()
        expect(words).toBe('First ``` words\nmore\nend')
        expect(parts.lastBlock).toBe('b: 2\n\n')
      }),
    )
  })

  test('has no code that was not finished', () => {
    const parts = new AnswerParts()
    expect(parts.add('x\n```yaml\na: 1\n')).toBe('x\n')
    expect(parts.end()).toBe('')
    expect(parts.lastBlock).toBeUndefined()
  })
})
