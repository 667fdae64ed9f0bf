import { VigoError } from '#node/kit'

/**
 * - `standalone`: this server shares its configuration with nobody
 * - `already-spanner`: it shares it already
 * - `not-founder`: only the server that founded the fleet may do this
 * - `diverged`: the history has several ends; somebody must take one
 * - `not-diverged`, `unknown-head`: there is nothing to take, or nothing of that name
 * - `moved`: somebody else published meanwhile
 * - `bad-release`: a commit of the stacks is not what a publish makes
 * - `not-live`: it is published, and is not in force here
 * - `clock-ahead`: others would not take what is published here, as it would be dated in their future
 * - `unknown-bolt`, `unknown-envoy`, `ambiguous-bolt`, `ambiguous-envoy`
 * - `last-bolt`: nobody would be left to serve envoys
 * - `not-taken`: what another bolt said counts before it
 * - `not-answering`: the other bolt cannot be reached, or did not answer in time
 * - `bad-snapshot`: what was uploaded is not what `config publish` sends
 */
export class SpannerError extends VigoError<
  | 'standalone'
  | 'already-spanner'
  | 'not-founder'
  | 'diverged'
  | 'not-diverged'
  | 'unknown-head'
  | 'moved'
  | 'bad-release'
  | 'not-live'
  | 'clock-ahead'
  | 'unknown-bolt'
  | 'unknown-envoy'
  | 'ambiguous-bolt'
  | 'ambiguous-envoy'
  | 'last-bolt'
  | 'not-taken'
  | 'not-answering'
  | 'bad-snapshot'
> {}
