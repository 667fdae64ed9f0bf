import { FleetError } from './errors.ts'

/** Where values of secrets come from. */
export interface SecretSource {
  /** Grows when a value may have changed. */
  readonly epoch: number
  /** The values of all of the paths. @throws when one of them cannot be had; the message names it and no value */
  resolve(
    paths: readonly string[],
    options: { signal?: AbortSignal | undefined },
  ): Promise<Readonly<Record<string, string>>>
  /** After each growth of `epoch`. Returns the unsubscriber. */
  onChange(listener: () => void): () => void
}

/** Of a server where none are set up. */
export const NO_SECRETS: SecretSource = {
  epoch: 0,
  resolve: async paths => {
    throw new FleetError(
      'no-secrets',
      `no secrets are set up on this server, so that there is no value for '${paths[0] ?? ''}'`,
    )
  },
  onChange: () => () => undefined,
}
