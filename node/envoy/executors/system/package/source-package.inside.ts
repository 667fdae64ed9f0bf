import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { exitCode, FileServer, sh, Trial } from '../fixture.ts'

const MAKEFILE = `PREFIX ?= $(shell cat prefix)
all:
\techo "#!/bin/sh" > tool
install: all
\tmkdir -p $(PREFIX)/bin && cp tool $(PREFIX)/bin/tool
uninstall:
\trm -f $(PREFIX)/bin/tool
`

test('software is built from its archive, again for another version, and uninstalled', async () => {
  await mkdir('/tmp/tool-1.0', { recursive: true })
  await writeFile('/tmp/tool-1.0/Makefile', MAKEFILE)
  await writeFile('/tmp/tool-1.0/configure', '#!/bin/sh\necho "$1" | sed s/--prefix=// > prefix\n', { mode: 0o755 })
  await sh('mkdir -p /srv/src; tar -C /tmp -czf /srv/src/tool-1.0.tar.gz tool-1.0')
  const sha256 = createHash('sha256')
    .update(await readFile('/srv/src/tool-1.0.tar.gz'))
    .digest('hex')
  await using server = await FileServer.on('/srv/src')
  const trial = new Trial('source_package')
  const wanted = {
    url: server.url('/tool-1.0.tar.gz'),
    sha256,
    creates: '/opt/my tools/bin/tool',
    prefix: '/opt/my tools',
    timeout: 60,
  }
  const quotedMake = { ...wanted, prefix: '/opt/tools', creates: '/opt/tools/bin/tool' }
  await trial.converge(quotedMake)
  expect(server.requests).toBe(1)
  await sh('rm /opt/tools/bin/tool')
  await trial.converge({ ...quotedMake, version: '1.0' })
  expect((await trial.converge({ ...quotedMake, version: '1.0.1' })).changes).toEqual([
    { attribute: 'tool', from: '1.0', to: '1.0.1' },
  ])
  await trial.converge({ ...quotedMake, state: 'absent' })
  expect(await exitCode('test -e /opt/tools/bin/tool')).toBe(1)
  expect(await sh('ls -A /var/lib/vigo/executors/builds')).toBe('')
  const { message } = await trial.failure({ ...quotedMake, build_command: 'echo no compiler >&2; false' })
  expect(message).toContain('no compiler')
  expect(await trial.failure({ ...quotedMake, sha256: '0'.repeat(64) })).toMatchObject({ code: 'unsafe' })
})
