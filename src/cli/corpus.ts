/** `qwen-vl corpus`: what makes data to train on, mixes it, shows it and counts it. Each is a command of its own below. */
import type { Command } from 'commander'
import { addCorpusMake } from './corpusMake.ts'
import { addCorpusMaterials } from './corpusMaterials.ts'
import { addCorpusMix } from './corpusMix.ts'
import { addCorpusShow } from './corpusShow.ts'
import { addCorpusStats } from './corpusStats.ts'

export function addCorpus(program: Command): void {
  const command = program
    .command('corpus')
    .description('Make data to train on, mix it, look at it, count it.')
    .helpCommand('help [command]', 'print the help of a command')
  for (const add of [addCorpusMake, addCorpusMix, addCorpusShow, addCorpusStats, addCorpusMaterials]) add(command)
}
