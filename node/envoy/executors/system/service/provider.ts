import type { Machine } from '../../machine.ts'
import type { Budget } from '../budget.ts'

export interface ServiceContext {
  readonly machine: Machine
  readonly budget: Budget
}

export type ServiceState =
  /** There is no such service. */
  | { readonly kind: 'missing' }
  /** It is there and cannot be started; `reason` is the end of a sentence that begins with its name. */
  | { readonly kind: 'unusable'; readonly reason: string; readonly isRunning: boolean; readonly isEnabled: false }
  | {
      readonly kind: 'present'
      readonly isRunning: boolean
      /** For people: `active (running)`. */
      readonly detail: string
      /** `fixed`: it starts when something needs it, and enabling or disabling changes nothing. */
      readonly isEnabled: boolean | 'fixed'
      readonly canReload: boolean
    }

export type ServiceAction = 'start' | 'stop' | 'restart' | 'reload' | 'enable' | 'disable'

/** One init system. All throw `ExecutorError`. */
export interface ServiceProvider {
  readonly name: string
  /** What the init system calls it: with systemd `nginx.service`. */
  idOf(service: string): string
  state(service: string, context: ServiceContext): Promise<ServiceState>
  /** Does it and waits until the init system says that it is done. */
  act(action: ServiceAction, service: string, context: ServiceContext): Promise<void>
  /** Returns when the service runs and goes on running; an error says why it does not. */
  requireUp(service: string, context: ServiceContext): Promise<void>
  /** The last of what the service wrote to the log, for a message; empty when there is none. Never throws but for the signal. */
  lastWords(service: string, context: ServiceContext): Promise<string>
}
