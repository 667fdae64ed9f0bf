import { messageOf } from '#node/kit'
import { type CommandName, commands } from './commands.ts'

/** A peer in its own process: answers its parent's commands, and ends when the parent does. */

process.on('message', ({ id, command, argument }: { id: number; command: CommandName; argument: never }) => {
  Promise.resolve()
    .then((): Promise<unknown> => commands[command](argument))
    .then(
      answer => process.send?.({ id, answer }),
      (error: unknown) =>
        process.send?.({ id, error: error instanceof Error ? (error.stack ?? messageOf(error)) : '' }),
    )
})

process.on('disconnect', () => {
  commands
    .stop()
    .catch(() => undefined)
    .finally(() => process.exit(0))
})
