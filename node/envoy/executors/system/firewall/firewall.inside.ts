import { type ChildProcess, spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exitCode, sh, Trial } from '../fixture.ts'

const LISTEN =
  "require('net').createServer(s=>s.end('hello')).listen(8080,'10.9.0.1').on('listening',()=>process.stdout.write('up'))"
const CONNECT =
  "const s=require('net').connect({port:8080,host:'10.9.0.1'});s.setTimeout(1500,()=>process.exit(2));s.on('error',()=>process.exit(3));s.on('data',()=>process.exit(0))"

let listener: ChildProcess

/** A second machine on a cable: its packets do not come over loopback. */
beforeAll(async () => {
  await sh(`ip netns add peer; ip link add here type veth peer name there netns peer
    ip addr add 10.9.0.1/24 dev here; ip link set here up
    ip netns exec peer ip addr add 10.9.0.2/24 dev there; ip netns exec peer ip link set there up`)
  listener = spawn(process.execPath, ['-e', LISTEN], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise(resolve => listener.stdout?.once('data', resolve))
})

afterAll(() => void listener.kill('SIGKILL'))

const connects = () => exitCode(`ip netns exec peer ${process.execPath} -e "${CONNECT}"`)
const REACHED = 0
const NO_ANSWER = 2
const REFUSED = 3

describe('a rule of the packet filter', () => {
  test('lets packets through or not, narrow rules before wide ones, whatever the order in which they were made', async () => {
    const trial = new Trial('firewall')
    expect(await connects()).toBe(REACHED)
    const deny = { port: ['8080'], action: 'deny', comment: 'nobody "needs" it' } as const
    await trial.converge(deny)
    expect(await connects()).toBe(NO_ANSWER)
    await trial.converge({ port: ['8080'], source: '10.9.0.2' })
    expect(await connects()).toBe(REACHED)
    await trial.converge({ port: ['8080'], source: '10.9.0.2', state: 'absent' })
    await trial.converge({
      port: ['8000-8100'],
      action: 'reject',
      interface: 'here',
      source: '10.9.0.0/24',
      proto: 'any',
    })
    expect(await connects()).toBe(REFUSED)
    await trial.converge({
      port: ['8000-8100'],
      action: 'reject',
      interface: 'here',
      source: '10.9.0.0/24',
      proto: 'any',
      state: 'absent',
    })
    await trial.converge({ ...deny, state: 'absent' })
    expect(await connects()).toBe(REACHED)
  })

  test('leaves other tables alone, and comes back with all others after the kernel forgot them', async () => {
    await sh('nft add table inet others; nft add chain inet others kept')
    const trial = new Trial('firewall')
    await trial.converge({ port: ['22', '443'] })
    await trial.converge({ port: ['any'], proto: 'udp', direction: 'out', action: 'deny', source: '192.0.2.0/24' })
    await trial.converge({ port: ['any'], source: '2001:db8::/32', action: 'reject', proto: 'any' })
    await sh('nft delete table inet vigo')
    await trial.converge({ port: ['22', '443'] })
    expect(await sh('nft list table inet vigo')).toMatch(/192\.0\.2\.0\/24[\s\S]*|2001:db8::\/32/)
    expect(await exitCode('nft list chain inet others kept')).toBe(0)
  })

  test('is blocked where another program rules the filter, and refused when it makes no sense', async () => {
    await sh('mkdir -p /etc/ufw')
    await writeFile('/etc/ufw/ufw.conf', 'ENABLED=yes\n')
    await expect(new Trial('firewall').check({ port: ['22'] })).rejects.toMatchObject({ code: 'blocked' })
    await writeFile('/etc/ufw/ufw.conf', 'ENABLED=no\n')
    for (const given of [
      { port: ['0'] },
      { port: ['9-1'] },
      { port: ['1'], source: '10.0.0.0/99' },
      { port: ['1'], interface: 'a" accept' },
    ]) {
      await expect(new Trial('firewall').check(given)).rejects.toMatchObject({ code: 'failed' })
    }
  })
})
