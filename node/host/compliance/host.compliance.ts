import { describe } from 'vitest'
import { type HostFixture, testHosts } from './fixture.ts'
import { peers } from './peers.compliance.ts'
import { streams } from './streams.compliance.ts'

export { type HostFixture, steady, until } from './fixture.ts'

/** What every implementation of `Host` promises. */
export function hostCompliance(name: string, create: () => Promise<HostFixture>): void {
  describe(`${name} keeps the host contract:`, () => {
    const hosts = testHosts(create)
    peers(hosts)
    streams(hosts)
  })
}
