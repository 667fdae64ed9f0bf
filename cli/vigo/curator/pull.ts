import { constants } from 'node:fs'
import { access, copyFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { interruptSignal, paint, print, printJson } from '#cli/shell'
import { ApiError, curatorRoutes, type Progress } from '#node/api'
import { codeOf, formatDuration, formatSize, type Platform, VigoError } from '#node/kit'
import { ownPuddle, withAgent } from '../client.ts'
import { platformOption } from './platform.ts'
import { type ProgressMode, progressOption, showProgress } from './progress.ts'

export function addPull(curator: Command): void {
  curator
    .command('pull <reference>')
    .description('bring an artifact to this machine: <name>[:<tag>|@<version>], also <puddle>/<name>…')
    .option('--platform <os/arch>', 'for another platform than this machine', platformOption)
    .option('--output <file>', 'also copy it there')
    .option('--progress <mode>', 'auto, bar, json or none', progressOption, 'auto')
    .option('--json', 'print the result as JSON')
    .action(async (reference: string, options: PullOptions, command: Command) => {
      if (options.output !== undefined) await requirePlace(resolve(options.output))
      await withAgent(
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
      )
    })
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

/** Before anything is transferred. @throws ApiError 'bad-request' when no file can be written there */
async function requirePlace(target: string): Promise<void> {
  const isFolder = (path: string): Promise<boolean> =>
    stat(path).then(
      found => found.isDirectory(),
      () => false,
    )
  const folder = dirname(target)
  if (await isFolder(target)) throw new ApiError('bad-request', `${target} is a folder; --output names a file`)
  if (!(await isFolder(folder))) throw new ApiError('bad-request', `there is no folder ${folder} for --output`)
  await access(folder, constants.W_OK).catch(() => {
    throw new ApiError('bad-request', `you may not write to ${folder}, where --output would be`)
  })
}

async function copyTo(path: string, output: string): Promise<string> {
  const target = resolve(output)
  const temporary = join(dirname(target), `.tmp-vigo-${process.pid}-${basename(target)}`)
  try {
    await copyFile(path, temporary, constants.COPYFILE_FICLONE)
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { force: true })
    if (codeOf(error) !== 'ENOSPC') throw error
    throw new VigoError('disk-full', `there is no room for ${target}; the artifact itself is here, at ${path}`)
  }
  return target
}
