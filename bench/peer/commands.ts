import * as blobs from './blobs.ts'
import { bytesWritten, connect, connections, cpuSeconds, start, stop } from './life.ts'
import * as records from './records.ts'

/** What a benchmark may ask of a peer. */
export const commands = { start, stop, connect, connections, bytesWritten, cpuSeconds, ...blobs, ...records }

export type Commands = typeof commands
export type CommandName = keyof Commands
export type Argument<K extends CommandName> = Parameters<Commands[K]>[0]
export type Answer<K extends CommandName> = Awaited<ReturnType<Commands[K]>>
