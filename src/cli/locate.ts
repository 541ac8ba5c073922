/** `qwen-vl locate`: finds what is named or described. */
import type { Command } from 'commander'
import { type AnsweringOptions, addAnsweringOptions, answerAbout } from './answering.ts'

export function addLocate(program: Command): void {
  const command = program
    .command('locate')
    .description('Find something in a picture: prints its label and box, in pixels of the picture.')
    .argument('<picture>', 'a file or an address (http, https, data)')
    .argument('<what>', 'what to find, by name or description')
  addAnsweringOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  qwen-vl locate street.jpg "the red bus" --model Qwen/Qwen-VL-Chat
  qwen-vl locate street.jpg "the red bus" --draw bus.png --model Qwen/Qwen-VL-Chat
  qwen-vl locate street.jpg "the red bus" --json --model Qwen/Qwen-VL-Chat`,
    )
    .action((picture: string, what: string, options: AnsweringOptions) =>
      answerAbout([picture], options, (model, [pixels], ask) => model.locate(pixels!, what, ask)),
    )
}
