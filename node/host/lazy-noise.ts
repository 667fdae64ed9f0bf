import {
  type ConnectionEncrypter,
  type MessageStream,
  type SecureConnectionOptions,
  type SecuredConnection,
  serviceCapabilities,
} from '@libp2p/interface'
import type { NoiseComponents } from '@libp2p/noise'

/** Noise for foreign peers. Its cryptography is loaded when the first one comes: between our own TLS is always chosen. */
export function lazyNoise(): (components: NoiseComponents) => ConnectionEncrypter {
  return components => {
    let loaded: Promise<ConnectionEncrypter> | undefined
    const load = (): Promise<ConnectionEncrypter> => {
      loaded ??= import('@libp2p/noise').then(({ noise }) => noise()(components))
      return loaded
    }
    return {
      protocol: '/noise',
      [serviceCapabilities]: ['@libp2p/connection-encryption'],
      secureInbound: async (connection: MessageStream, options?: SecureConnectionOptions): Promise<SecuredConnection> =>
        (await load()).secureInbound(connection, options),
      secureOutbound: async (
        connection: MessageStream,
        options?: SecureConnectionOptions,
      ): Promise<SecuredConnection> => (await load()).secureOutbound(connection, options),
    } as ConnectionEncrypter
  }
}
