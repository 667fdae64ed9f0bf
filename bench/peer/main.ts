import { type CommandName, commands } from './commands.ts'

/** A peer in its own process: answers its parent's commands, and ends when the parent does. */

process.on('message', ({ id, command, argument }: { id: number; command: CommandName; argument: never }) => {
  Promise.resolve()
    .then((): Promise<unknown> => commands[command](argument))
    .then(
      answer => reply({ id, answer }),
      (error: unknown) => reply({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    )
})

process.on('disconnect', () => {
  commands
    .stop()
    .catch(() => undefined)
    .finally(() => process.exit(0))
})

function reply(message: object): void {
  // A parent that is gone needs no answer; `disconnect` ends this process.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined)
}
