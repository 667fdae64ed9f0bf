import { defineResource } from '../schema.ts'
import { state, timeout } from './attributes.ts'

export const containerSchema = defineResource({
  type: 'container',
  summary: 'A container; made again when its image or its settings differ.',
  main: ['container'],
  identity: ['container'],
  attributes: [
    {
      name: 'container',
      type: { kind: 'string', pattern: /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/, patternMeans: 'the name of a container' },
      required: true,
      description: 'Name of the container.',
      aliases: ['container_name'],
    },
    { name: 'image', type: { kind: 'string' }, description: 'Reference of the image in a registry.' },
    { name: 'artifact', type: { kind: 'artifact' }, description: 'The image as an artifact of kind oci-archive.' },
    state(['running', 'stopped', 'absent'], 'running', '`stopped` exists but does not run.'),
    {
      name: 'pull',
      type: { kind: 'enum', values: ['missing', 'always', 'never'] },
      default: 'missing',
      description: 'When the image is pulled.',
    },
    {
      name: 'ports',
      type: {
        kind: 'list',
        pattern:
          /^(?:[^\s:]*:|\[[0-9A-Fa-f:]+\]:)?(?:\d{0,5}(?:-\d{1,5})?:)?\d{1,5}(?:-\d{1,5})?(?:\/(?:tcp|udp|sctp))?$/,
        patternMeans: 'ports such as 8080:80 or 127.0.0.1:8080:80/tcp',
      },
      description: 'Published ports: `host:container`.',
    },
    { name: 'network', type: { kind: 'string' }, description: 'Network that it joins.' },
    { name: 'volumes', type: { kind: 'list' }, description: 'Mounts: `source:target[:options]`.' },
    { name: 'command', type: { kind: 'text' }, description: "Instead of the image's command." },
    { name: 'entrypoint', type: { kind: 'text' }, description: "Instead of the image's entry point." },
    {
      name: 'env',
      type: { kind: 'map' },
      description: 'Environment: a map, or `K=V,K=V`.',
      aliases: ['environment'],
    },
    { name: 'labels', type: { kind: 'map' }, description: 'Labels of the container.' },
    { name: 'user', type: { kind: 'string' }, description: 'User in the container.' },
    { name: 'hostname', type: { kind: 'string' }, description: 'Host name in the container.' },
    { name: 'workdir', type: { kind: 'path' }, description: 'Working directory in the container.' },
    {
      name: 'memory',
      type: { kind: 'string', pattern: /^\d{1,15}[bkmg]?$/i, patternMeans: 'a size such as 512m or 2g' },
      description: 'Most memory that it may use.',
    },
    {
      name: 'cpus',
      type: { kind: 'string', pattern: /^\d{1,4}(?:\.\d{1,3})?$/, patternMeans: 'a number of CPUs such as 1.5' },
      description: 'Most CPU time that it may use.',
    },
    {
      name: 'privileged',
      type: { kind: 'boolean' },
      default: false,
      description: 'Runs without isolation from the machine.',
    },
    {
      name: 'restart',
      type: {
        kind: 'string',
        pattern: /^(?:no|always|unless-stopped|on-failure(?::\d{1,4})?)$/,
        patternMeans: 'no, always, unless-stopped or on-failure[:<times>]',
      },
      default: 'no',
      description: 'When the container runtime starts it again.',
    },
    {
      name: 'healthcheck_command',
      type: { kind: 'text' },
      description: 'Tells whether it is healthy; the resource waits for it.',
    },
    { name: 'healthcheck_interval', type: { kind: 'duration' }, default: 30, description: 'Between two checks.' },
    {
      name: 'healthcheck_retries',
      type: { kind: 'integer', min: 1, max: 100 },
      default: 3,
      description: 'Failures in a row until it counts as unhealthy.',
    },
    timeout(300),
  ],
  rules: [{ rule: 'one-of', attributes: ['image', 'artifact'], required: true, exceptIn: ['absent'] }],
  label: a => {
    const container = a('container') ?? ''
    const state = a('state') ?? 'running'
    if (state === 'absent') return `Remove container ${container}`
    const image = a('image') ?? a('artifact')
    return `${state === 'stopped' ? 'Keep' : 'Run'} container ${container}${state === 'stopped' ? ' stopped' : image === undefined ? '' : ` from ${image}`}`
  },
})
