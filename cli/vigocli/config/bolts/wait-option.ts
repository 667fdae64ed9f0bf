import { Option } from 'commander'

/** Of the verbs that make something live. */
export function waitOption(): Option {
  return new Option('--wait <bolts>', 'where several servers share the configuration: which of them must have it')
    .choices(['all', 'one'])
    .default('all')
}
