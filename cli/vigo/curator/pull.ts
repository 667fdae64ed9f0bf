import { constants } from 'node:fs'
import { copyFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { interruptSignal, type ProgressMode, paint, print, printJson, showProgress } from '#cli/shell'
import { curatorRoutes, type Progress } from '#node/api'
import { formatDuration, formatSize } from '#node/kit'
import { ownPuddle, withAgent } from '../client.ts'
import { type Platform, platformOption } from './platform.ts'
import { progressOption } from './progress-option.ts'

export function addPull(curator: Command): void {
  curator
    .command('pull <reference>')
    .description('bring an artifact to this machine: <name>[:<tag>|@<version>], also <puddle>/<name>…')
    .option('--platform <os/arch>', 'for another platform than this machine', platformOption)
    .option('--output <file>', 'also copy it there')
    .option('--progress <mode>', 'auto, bar, json or none', progressOption, 'auto')
    .option('--json', 'print the result as JSON')
    .action((reference: string, options: PullOptions, command: Command) =>
      withAgent(
        command,
        async client => {
          const display = showProgress(options.progress)
          try {
            const body = {
              reference,
              puddle: await ownPuddle(command),
              ...(options.platform && { platform: options.platform }),
            }
            const pulled = await client.call(curatorRoutes.pull, body, {
              signal: interruptSignal(),
              onEvent: progress => display.update(momentOf(progress)),
            })
            display.stop()
            const output = options.output === undefined ? undefined : await copyTo(pulled.path, options.output)
            if (options.json) return printJson({ ...pulled, ...(output && { output }) })
            const { report, blob } = pulled
            const sources = Object.keys(report.sources).length
            const how =
              report.bytesFetched === 0
                ? 'was here already'
                : `${formatSize(report.bytesFetched)} from ${sources} ${sources === 1 ? 'machine' : 'machines'} in ${formatDuration(report.durationMs)}` +
                  (report.bytesReused > 0 ? `, ${formatSize(report.bytesReused)} reused` : '')
            print(
              `${paint('green', 'pulled')} ${paint('bold', `${pulled.namespace.slice(0, 16)}/${pulled.name}@${pulled.version}`)}, ${formatSize(blob.sizeBytes)}: ${how}`,
            )
            print(`  file  ${output ?? pulled.path}`)
          } finally {
            display.stop()
          }
        },
        'curator',
      ),
    )
}

interface PullOptions {
  platform?: Platform
  output?: string
  progress: ProgressMode
  json?: boolean
}

function momentOf(progress: Progress) {
  const sources = Object.keys(progress.sources).length
  return {
    phase: progress.phase,
    bytesDone: progress.bytesFetched + progress.bytesReused,
    bytesTotal: progress.bytesTotal,
    bytesPerSecond: progress.bytesPerSecond,
    secondsLeft: progress.secondsLeft,
    note: progress.waitingFor ?? (sources === 0 ? '' : `${sources} ${sources === 1 ? 'source' : 'sources'}`),
    json: progress,
  }
}

async function copyTo(path: string, output: string): Promise<string> {
  const target = resolve(output)
  const temporary = join(dirname(target), `.tmp-vigo-${process.pid}-${basename(target)}`)
  try {
    await copyFile(path, temporary, constants.COPYFILE_FICLONE)
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  return target
}
