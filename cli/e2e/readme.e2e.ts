import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { Lab } from '#cli/lab'

const top = fileURLToPath(new URL('../..', import.meta.url))
let folder = ''

afterAll(async () => {
  await Lab.open(join(folder, 'my-lab')).then(
    lab => lab.down({ purge: true }),
    () => undefined,
  )
  await rm(folder, { recursive: true, force: true })
})

test('the commands of the README’s tour do what they say, in order', async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigo-readme-'))
  const readme = await readFile(join(top, 'README.md'), 'utf8')
  const tour = readme.slice(readme.indexOf('lab up --dir') - 200)
  const blocks = [...tour.matchAll(/```sh\n([\s\S]*?)```/g)].map(match => match[1] ?? '')
  expect(blocks.length).toBeGreaterThan(6)
  const script = blocks
    .join('\n')
    .replaceAll('npm run setup\n', '')
    .replaceAll('./my-lab', join(folder, 'my-lab'))
    .replaceAll('./my-config', join(folder, 'my-config'))
  expect(script).toContain('curator pull')
  expect(script).toContain('config publish')
  const { code, output } = await shell(script)
  expect(output.split('\n').slice(-15).join('\n')).not.toMatch(/failed/)
  expect(code, output).toBe(0)
})

function shell(script: string): Promise<{ code: number | null; output: string }> {
  const child = spawn('sh', ['-exc', script], { cwd: top, stdio: ['ignore', 'pipe', 'pipe'] })
  const timer = setTimeout(() => child.kill('SIGKILL'), 200_000)
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (output += data.toString('utf8')))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', code => {
      clearTimeout(timer)
      resolve({ code, output })
    })
  })
}
