import { mkdir, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { findProgram, run } from './command.ts'
import type { RowContext } from './types.ts'

const START_WITHIN_MS = 10_000

/** Serves a folder over HTTPS (TLS 1.3, a P-256 certificate as the peers have) on loopback. Answers the base URL and the one process. */
export async function serveWithNginx(context: RowContext, folder: string): Promise<{ url: string; pid: number }> {
  const { scope } = context
  const nginx = findProgram('nginx') ?? 'nginx'
  const home = scope.path('nginx')
  await mkdir(home)
  const request = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost'.split(
    ' ',
  )
  await run(scope, 'openssl', [...request, '-keyout', `${home}/key.pem`, '-out', `${home}/cert.pem`])
  const port = await freePort()
  await writeFile(`${home}/nginx.conf`, configuration(home, folder, port))
  const child = scope.spawn(nginx, ['-p', home, '-c', `${home}/nginx.conf`, '-e', `${home}/error.log`], {
    stdio: 'ignore',
  })
  const deadline = performance.now() + START_WITHIN_MS
  while (!(await answers(port))) {
    if (performance.now() > deadline) throw new Error(`nginx did not start; see ${home}/error.log`)
    await sleep(50)
  }
  return { url: `https://127.0.0.1:${port}`, pid: child.pid ?? 0 }
}

function configuration(home: string, folder: string, port: number): string {
  return `daemon off;
master_process off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
pid ${home}/nginx.pid;
events { worker_connections 64; }
http {
  access_log off;
  sendfile on;
  client_body_temp_path ${home}/body;
  proxy_temp_path ${home}/proxy;
  fastcgi_temp_path ${home}/fastcgi;
  uwsgi_temp_path ${home}/uwsgi;
  scgi_temp_path ${home}/scgi;
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${home}/cert.pem;
    ssl_certificate_key ${home}/key.pem;
    ssl_protocols TLSv1.3;
    root ${folder};
  }
}
`
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
