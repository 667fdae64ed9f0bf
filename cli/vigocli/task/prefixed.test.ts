import { describe, expect, test } from 'vitest'
import { PrefixedLines } from './prefixed.ts'

function collected(): { lines: string[]; output: PrefixedLines } {
  const lines: string[] = []
  const output = new PrefixedLines((line, stream, hostname) => lines.push(`${hostname} ${stream} ${line}`))
  return { lines, output }
}

const from = (peer: string, text: string, stream: 'stdout' | 'stderr' = 'stdout') => ({
  peer,
  hostname: `host-${peer}`,
  stream,
  text,
})

describe('output of many hosts', () => {
  test('is told by whole lines, however it arrives', () => {
    const { lines, output } = collected()
    for (const piece of ['on', 'e\ntw']) output.add(from('a', piece))
    output.add(from('b', 'other\n'))
    output.add(from('a', 'o\r\n'))
    expect(lines).toEqual(['host-a stdout one', 'host-b stdout other', 'host-a stdout two'])
  })

  test('keeps the two streams of a host apart', () => {
    const { lines, output } = collected()
    output.add(from('a', 'out'))
    output.add(from('a', 'err\n', 'stderr'))
    output.end('a')
    expect(lines).toEqual(['host-a stderr err', 'host-a stdout out'])
  })

  test('is told to its end when the host is done, and not twice', () => {
    const { lines, output } = collected()
    output.add(from('a', 'rest'))
    output.add(from('b', 'more'))
    output.end('a')
    output.end()
    expect(lines).toEqual(['host-a stdout rest', 'host-b stdout more'])
  })

  test('cannot move the cursor, and has no endless lines', () => {
    const { lines, output } = collected()
    output.add(from('a', `\u001b[2Jx\n${'y'.repeat(10_000)}\n`))
    output.add(from('a', 'z'.repeat(9000)))
    expect(lines[0]).toBe('host-a stdout \ufffd[2Jx')
    expect(lines.length).toBe(4)
  })
})
