import type { Command } from 'commander'
import { addGitback } from './gitback.ts'

export function addSwarm(program: Command): void {
  addGitback(
    program.command('swarm').description('what members of the fleet keep for each other, as the server sees it'),
  )
}
