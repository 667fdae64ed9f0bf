import { readdirSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { blocksOf, ExampleMachine, type Mismatch, runConsole } from '../e2e/transcript.ts'

const top = fileURLToPath(new URL('../..', import.meta.url))
const folder = 'cli/vigocli/examples'
const documents = readdirSync(join(top, folder)).map(name => join(folder, name))

describe('examples of vigocli print what they say', () => {
  test.each(documents)('%s, from its beginning to its end on one machine', async document => {
    expect(await run(document, text => [text])).toEqual([])
  })

  test('docs/config-errors.md, each section on a machine of its own', async () => {
    expect(await run('docs/config-errors.md', text => text.split(/(?=^## )/m))).toEqual([])
  })
})

/** With UPDATE_EXAMPLES=1 what does not match is written into the document. */
async function run(document: string, split: (text: string) => string[]): Promise<Mismatch[]> {
  const before = await readFile(join(top, document), 'utf8')
  const mismatches: Mismatch[] = []
  let commands = 0
  let after = ''
  for (const part of split(before)) {
    await using machine = await ExampleMachine.open()
    let updated = part
    for (const block of blocksOf(part)) {
      if (block.kind === 'file') {
        await machine.write(block.path, block.content)
        continue
      }
      const ran = await runConsole(machine, block)
      commands++
      mismatches.push(...ran.mismatches)
      if (ran.mismatches.length > 0) updated = updated.replace(block.text, () => ran.text)
    }
    after += updated
  }
  expect(commands, `${document} has commands`).toBeGreaterThan(0)
  if (process.env['UPDATE_EXAMPLES'] !== '1') return mismatches
  await writeFile(join(top, document), after)
  return []
}
