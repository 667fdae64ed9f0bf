import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Lab } from '#cli/lab'
import { Fleet, nodeBinary, sha256Of, start, succeeded, until } from './fixture.ts'

const top = fileURLToPath(new URL('../..', import.meta.url))
const name = `e2e-${process.pid}`
const folder = `dist/${name}`

let fleet: Fleet
beforeAll(async () => {
  const args = ['--disable-warning=ExperimentalWarning', `${top}cli/build.ts`, name]
  succeeded(await start(nodeBinary, args, process.env).ended)
  const built: { Lab: typeof Lab } = await import(`${top}${folder}/cli/lab/index.js`)
  fleet = await Fleet.up(2, {}, built.Lab)
})
afterAll(async () => {
  await fleet?.down()
  await rm(`${top}${folder}`, { recursive: true, force: true })
})

test('the programs of a build move an artifact from machine to machine', async () => {
  await fleet.createPuddle('envoy1')
  const sha = await fleet.push('envoy1', 'node:1', nodeBinary)
  await fleet.knows('envoy2', 'node:1')
  const { path } = await fleet.pull('envoy2', 'node:1')
  expect(await sha256Of(path)).toBe(sha)
})

test('they publish a configuration, and envoys converge to it', async () => {
  const vigocli = async (...args: string[]) => {
    const { code, stdout, stderr } = await fleet.start('server', 'vigocli', args).ended
    expect(code, stderr).toBe(0)
    return stdout
  }
  await vigocli('config', 'examples', 'copy', 'motd')
  expect(await vigocli('config', 'publish')).toMatch(/^Published: 1 configcrate,/)
  await until('both envoys have converged', async () => {
    const envoys: { status: string }[] = JSON.parse(await vigocli('envoys', 'list', '--json'))
    return envoys.length === 2 && envoys.every(({ status }) => status === 'converged')
  })
})

test('their commands find what lies beside them', async () => {
  const run = (args: string[]) => start(`${top}${folder}/cli/bin/vigocli`, args, { PATH: process.env['PATH'] }).ended
  expect(succeeded(await run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  expect(succeeded(await run(['config', 'examples', 'list'])).stdout).toContain('nginx')
})
