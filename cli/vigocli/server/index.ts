import type { Command } from 'commander'
import { print, printFields, printJson } from '#cli/shell'
import { serverRoutes } from '#node/api'
import { examples } from '../examples-text.ts'
import { withServer } from './connection.ts'

export { addServerOptions, isRemote, withServer } from './connection.ts'

export function addServer(program: Command): void {
  const server = program.command('server').description('the server itself')
  server
    .command('certificate')
    .description('the certificate that the server shows, for those who call it from elsewhere')
    .option('--pem', 'print the certificate itself, for --ca')
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      examples([
        ['vigocli server certificate', 'its fingerprint, for --fingerprint'],
        ['vigocli server certificate --pem > vigo.pem', 'for --ca vigo.pem'],
      ]),
    )
    .action((options: { pem?: boolean; json?: boolean }, command: Command) =>
      withServer(command, async client => {
        const shown = await client.call(serverRoutes.certificate, {})
        if (options.json) return printJson(shown)
        const { pem, fingerprint, isOwn, validUntil, names } = shown
        if (pem === null || fingerprint === null)
          return print('The server shows no certificate: it does not listen for HTTPS.')
        if (options.pem) return print(pem.trimEnd())
        printFields([
          ['fingerprint', fingerprint],
          ['made by', isOwn ? 'this server, self-signed' : 'an authority (api.tls of server.yaml)'],
          ['good until', validUntil ?? ''],
          ['names', names.join(', ')],
        ])
      }),
    )
}
