export interface ResolvedSecrets {
  readonly values: ReadonlyMap<string, string>
  /** Of the wanted ones, sorted. */
  readonly missing: readonly string[]
}

/** Where values of secrets come from. */
export interface SecretSource {
  /**
   * The values of at most a thousand paths. Nothing is remembered between two calls.
   * @throws SecretsError 'damaged-secret', 'unsafe-secrets', 'no-master-key', 'no-permission' where one of them exists and cannot be read
   */
  resolve(paths: readonly string[], options?: { signal?: AbortSignal | undefined }): Promise<ResolvedSecrets>
  /** Which of these exist, without reading their values. */
  missing(paths: Iterable<string>): Promise<readonly string[]>
  /** Another number after each change of any secret; costs one small read. 0 before the first. */
  epoch(): Promise<number>
}
