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
